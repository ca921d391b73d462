/**
 * Asks a server what it is (`server/discover` as the platform principal, whom no
 * tool accepts). The answer goes to the Catalog, which never calls out itself.
 */
import { mintAssertion, type SigningKey } from '#shared/identity/assertion.ts'
import { PLATFORM_PRINCIPAL } from '#shared/identity/principal.ts'
import type { ServerDescription } from '#shared/catalog/entry.ts'
import { logEvent } from '#shared/lib/log.ts'
import { nestsDeeperThan } from '#shared/lib/nesting.ts'
import { isObject } from '#shared/protocol/jsonrpc.ts'
import {
  DECISION_HEADER,
  DESCRIPTION_META_KEY,
  encodeDecision,
  PRINCIPAL_HEADER,
} from '#shared/contracts/inner-wire.ts'
import { readBounded } from '#shared/gateway/dispatch/bounded-body.ts'
import {
  DESCRIBE_TIMEOUT_MS,
  DESCRIPTION_MAX_BYTES,
  DESCRIPTION_MAX_DEPTH,
} from '#shared/gateway/limits.ts'
import type { ServerHandle } from '#shared/gateway/ports.ts'

/** A server chooses part of what is said of its description. */
const LOGGED_REASON_MAX_CHARS = 500

const METHOD = 'server/discover'
const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 'describe',
  method: METHOD,
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
})
const DECISION = encodeDecision({ method: METHOD })

/** @returns `undefined` when there is no such server, or nothing there speaks our inner wire */
export async function describeServer(
  handle: ServerHandle,
  name: string,
  signingKey: SigningKey,
): Promise<ServerDescription | undefined> {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const assertion = await mintAssertion(signingKey, name, PLATFORM_PRINCIPAL, nowSeconds)
  try {
    const answer = await handle.fetch({
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': METHOD,
        [PRINCIPAL_HEADER]: assertion,
        [DECISION_HEADER]: DECISION,
      },
      body: BODY,
      redirect: 'manual',
      signal: AbortSignal.timeout(DESCRIBE_TIMEOUT_MS),
    })
    if (!answer) return undefined
    const bytes = await readBounded(answer.body, DESCRIPTION_MAX_BYTES)
    if (!bytes || !answer.ok) return refused(name, `status ${answer.status}`)
    const message = JSON.parse(new TextDecoder().decode(bytes)) as {
      result?: { _meta?: Record<string, unknown> }
    }
    const description = message.result?._meta?.[DESCRIPTION_META_KEY]
    // Such a value would break whoever walks it by recursion, the call to the Catalog first.
    if (nestsDeeperThan(description, DESCRIPTION_MAX_DEPTH)) return refused(name, 'nests too deep')
    if (!isObject(description)) return refused(name, 'describes nothing')
    // Of what shape it is the Catalog checks, before anybody believes it.
    return description as unknown as ServerDescription
  } catch (error) {
    return refused(name, error instanceof Error ? error.message : String(error))
  }
}

function refused(server: string, reason: string): undefined {
  logEvent('describe_failed', { server, reason: reason.slice(0, LOGGED_REASON_MAX_CHARS) })
  return undefined
}
