/**
 * `testServer`: the protocol tests of any server, in both eras. Runs no handler:
 * what the tools do is for their own tests.
 */
import { describe, expect, test } from 'vitest'
import { ANONYMOUS, PLATFORM_PRINCIPAL } from '../../identity/principal.ts'
import { CAPABILITIES_KEY, VERSION_KEY } from '../../protocol/revisions/2026-07-28/envelope.ts'
import { HEADER_MISMATCH, INVALID_PARAMS, METHOD_NOT_FOUND } from '../../protocol/errors.ts'
import { MODERN_VERSION } from '../../protocol/versions.ts'
import type { ServerOptions } from '../../engine/author/server.ts'
import { scopeNames } from '../../engine/author/scopes.ts'
import {
  DECISION_HEADER,
  DESCRIPTION_META_KEY,
  DIGEST_MISMATCH_STATUS,
  encodeDecision,
  PRINCIPAL_HEADER,
} from '../../contracts/inner-wire.ts'
import { createTestClient, type Era, type TestClientOptions } from './client.ts'
import { openSession } from './legacy-client.ts'
import { assertionFor, innerRequest } from './inner-request.ts'
import { MemoryGateway } from './memory-gateway.ts'
import { startServer } from './tested-server.ts'

const ERAS: readonly { era: Era; revision: string }[] = [
  { era: 'modern', revision: MODERN_VERSION },
  { era: 'legacy', revision: '2025-11-25' },
]

/**
 * Registers the tests with vitest.
 *
 * @param server `{ tools: { name: tool } }`, or what `server.ts` exports by default
 */
export function testServer(server: ServerOptions): void {
  describe.each(ERAS)('for a client of $revision', ({ era }) => testClientView(server, era))
  describe('behind the router', () => testInternalCall(server))
}

function testClientView(server: ServerOptions, era: Era): void {
  const tools = Object.entries(server.tools ?? {})
  const connect = (options: TestClientOptions = {}) => createTestClient(server, { era, ...options })
  const scoped = tools.flatMap(([name, { scopes }]) =>
    scopes ? [{ name, scopes: scopeNames(scopes) }] : [],
  )

  test('lists every tool, with a description and an object schema', async () => {
    const listed = await (await connect()).listTools()
    expect(listed.map(({ name }) => name)).toEqual(tools.map(([name]) => name))
    for (const { description, inputSchema } of listed) {
      expect(description.trim()).not.toBe('')
      expect(inputSchema).toMatchObject({ type: 'object' })
    }
  })

  test('refuses a tool that does not exist', async () => {
    const client = await connect()
    await expect(client.call('no-such-tool')).rejects.toMatchObject({ code: INVALID_PARAMS })
  })

  test('tells the model which arguments are missing, before a handler runs', async () => {
    const client = await connect({ scopes: scoped.flatMap(({ scopes }) => scopes) })
    for (const { name, inputSchema } of await client.listTools()) {
      if (!Array.isArray(inputSchema['required']) || inputSchema['required'].length === 0) continue
      const { isError, text } = await client.call(name, {})
      expect(isError, name).toBe(true)
      expect(text).toContain(`Invalid arguments for tool ${name}`)
    }
  })

  if (scoped.length > 0) {
    test('refuses who lacks a scope, and says which', async () => {
      const client = await connect()
      for (const { name, scopes } of scoped) {
        await expect(client.call(name), name).rejects.toMatchObject({
          status: 403,
          code: 'insufficient_scope',
          message: expect.stringContaining(scopes.join(' ')) as string,
        })
      }
    })
  }

  if (era === 'legacy') {
    test('keeps a session: ping, and no unknown method', async () => {
      const tested = await startServer(server)
      const policy = { visibility: 'public' } as const
      const gateway = new MemoryGateway({ tested, principal: ANONYMOUS, env: {}, policy })
      const session = await openSession({ tested, gateway, user: {} })
      expect((await session.request('ping', {})).result).toEqual({})
      await expect(session.request('tools/rename', {})).rejects.toMatchObject({
        code: METHOD_NOT_FOUND,
      })
    })
  }
}

function testInternalCall(server: ServerOptions): void {
  const [tool = 'none'] = Object.keys(server.tools ?? {})
  const call = { method: 'tools/call', name: tool }

  /** A call the router decided on, but for the headers that are replaced. */
  async function send(replaced: Record<string, string>, decidedOn = tool): Promise<Response> {
    const tested = await startServer(server)
    const asked = { ...call, name: decidedOn, body: bodyOf(call) }
    const request = await innerRequest(tested.built.digest, ANONYMOUS, asked, { headers: replaced })
    return tested.worker.fetch(request, {} as Cloudflare.Env)
  }

  test('believes nobody without the word of the router', async () => {
    expect((await send({ [PRINCIPAL_HEADER]: 'forged' })).status).toBe(401)
    const elsewhere = await assertionFor(ANONYMOUS, 'another-server')
    expect((await send({ [PRINCIPAL_HEADER]: elsewhere })).status).toBe(401)
  })

  test('runs nothing that was decided on other definitions', async () => {
    const decision = encodeDecision({ ...call, digest: 'of-an-earlier-build' })
    const response = await send({ [DECISION_HEADER]: decision })
    expect(response.status).toBe(DIGEST_MISMATCH_STATUS)
  })

  test('runs no other tool than the one that was decided on', async () => {
    const response = await send({}, 'another-tool')
    expect(await response.json()).toMatchObject({ error: { code: HEADER_MISMATCH } })
  })

  test('describes itself to the platform, the same in every build', async () => {
    const tested = await startServer(server)
    const method = 'server/discover'
    const request = await innerRequest(tested.built.digest, PLATFORM_PRINCIPAL, {
      method,
      body: bodyOf({ method }),
    })
    const response = await tested.worker.fetch(request, {} as Cloudflare.Env)
    const { result } = (await response.json()) as { result: { _meta: Record<string, unknown> } }
    expect(result._meta[DESCRIPTION_META_KEY]).toMatchObject({
      digest: (await startServer(server)).built.digest,
      definitions: tested.definitions,
    })
  })
}

const bodyOf = ({ method, name }: { method: string; name?: string }): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: {
      ...(name === undefined ? {} : { name }),
      _meta: { [VERSION_KEY]: MODERN_VERSION, [CAPABILITIES_KEY]: {} },
    },
  })
