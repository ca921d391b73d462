/** The internal call as the gateway makes it, for tests of what a server must refuse of it. */
import { mintAssertion } from '../../identity/assertion.ts'
import type { Principal } from '../../identity/principal.ts'
import {
  encodeHeaderValue,
  METHOD_HEADER,
  NAME_HEADER,
  VERSION_HEADER,
} from '../../protocol/headers.ts'
import { MODERN_VERSION } from '../../protocol/versions.ts'
import {
  DECISION_HEADER,
  type Decision,
  encodeDecision,
  internalHost,
  PRINCIPAL_HEADER,
} from '../../contracts/inner-wire.ts'
import { capabilityFor } from './memory-platform.ts'
import { sealKeysOf, signingKey, TESTED_NAME } from './tested-server.ts'
import { nowSeconds } from './trust.ts'

export interface InnerRequest {
  readonly method: string
  readonly name?: string | undefined
  /** JSON text of the 2026-07-28 message. */
  readonly body: string
  /** The client's connection. */
  readonly signal?: AbortSignal | undefined
}

/** What a test says other than the gateway would; `undefined` takes a header away. */
export interface Replaced {
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly decision?: Partial<Decision>
}

const actingAs = ({ subject, tenant, clientId }: Principal) => ({
  server: TESTED_NAME,
  tenant,
  subject,
  clientId,
})

/** The internal call as the gateway makes it; `replaced` is for tests of what a server must refuse. */
export async function innerRequest(
  digest: string,
  principal: Principal,
  { method, name, body, signal }: InnerRequest,
  replaced: Replaced = {},
): Promise<Request> {
  const seal = await sealKeysOf(`server/${TESTED_NAME}`)
  const named = name === undefined ? {} : { name }
  const capability = await capabilityFor({ ...actingAs(principal), method, ...named })
  const decision = { method, ...named, digest, seal, capability, ...replaced.decision }
  const headers = new Headers({
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    [VERSION_HEADER]: MODERN_VERSION,
    [METHOD_HEADER]: method,
    ...(name === undefined ? {} : { [NAME_HEADER]: encodeHeaderValue(name) }),
    [PRINCIPAL_HEADER]: await assertionFor(principal),
    [DECISION_HEADER]: encodeDecision(decision),
  })
  for (const [header, value] of Object.entries(replaced.headers ?? {})) {
    if (value === undefined) headers.delete(header)
    else headers.set(header, value)
  }
  const url = `https://${internalHost(TESTED_NAME)}/mcp`
  return new Request(url, { method: 'POST', headers, body, ...(signal ? { signal } : {}) })
}

/** @param audience the server that is to believe it */
export async function assertionFor(principal: Principal, audience = TESTED_NAME): Promise<string> {
  return mintAssertion(await signingKey(), audience, principal, nowSeconds())
}
