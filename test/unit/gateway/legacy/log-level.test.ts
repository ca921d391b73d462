/** `logging/setLevel` of a 2025 client (2025-11-25 server/utilities/logging), with nothing stored. */
import { describe, expect, it } from 'vitest'
import { BOB, createEdge, type Edge } from './_input.ts'

const COMPLETE = { jsonrpc: '2.0', id: 7, result: { resultType: 'complete', content: [] } }
const LEVEL_KEY = 'io.modelcontextprotocol/logLevel'
const edgeOf = (): Edge =>
  createEdge(() => Response.json(COMPLETE), { capabilities: { tools: {}, logging: {} } })

const setLevel = (edge: Edge, sessionId: string | undefined, level: unknown) =>
  edge.post(
    { id: 1, method: 'logging/setLevel', params: { level } },
    sessionId === undefined ? {} : { 'mcp-session-id': sessionId },
  )

async function levelOfCall(edge: Edge, sessionId?: string): Promise<unknown> {
  await edge.post(
    { id: 7, method: 'tools/call', params: { name: 'now' } },
    sessionId === undefined ? {} : { 'mcp-session-id': sessionId },
  )
  const body = JSON.parse(edge.calls.at(-1)?.body ?? '') as {
    params: { _meta: Record<string, unknown> }
  }
  return body.params._meta[LEVEL_KEY]
}

describe('logging/setLevel', () => {
  it('answers {} and the same session under an id that knows the level', async () => {
    const edge = edgeOf()
    const before = await edge.open()
    const response = await setLevel(edge, before, 'error')
    expect(await response.json()).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
    const after = response.headers.get('mcp-session-id') ?? ''
    expect(after).not.toBe(before)
    expect(await levelOfCall(edge, after)).toBe('error')
  })

  it('before it, and without a session, is info', async () => {
    const edge = edgeOf()
    expect(await levelOfCall(edge)).toBe('info')
    expect(await levelOfCall(edge, await edge.open())).toBe('info')
  })

  it('DELETE ends the session under every id it had', async () => {
    const edge = edgeOf()
    const before = await edge.open()
    const after = (await setLevel(edge, before, 'debug')).headers.get('mcp-session-id') ?? ''
    await edge.handle({ method: 'DELETE', headers: { 'mcp-session-id': after } })
    for (const id of [before, after]) expect((await setLevel(edge, id, 'info')).status).toBe(404)
  })

  it('gives nobody else the session: the id stays bound to its owner', async () => {
    const edge = edgeOf()
    const response = await setLevel(edge, await edge.open(), 'debug')
    const after = response.headers.get('mcp-session-id') ?? ''
    const ping = { id: 1, method: 'ping' }
    expect((await edge.post(ping, { 'mcp-session-id': after }, BOB)).status).toBe(404)
  })

  it.each(['loud', '', 7, null, undefined, ['info']])('refuses the level %j', async (level) => {
    const edge = edgeOf()
    const response = await setLevel(edge, await edge.open(), level)
    expect(await response.json()).toMatchObject({ error: { code: -32602 } })
    expect(response.headers.get('mcp-session-id')).toBeNull()
  })

  it('without a session is 400: there is nothing the level could be kept in', async () => {
    expect((await setLevel(edgeOf(), undefined, 'info')).status).toBe(400)
  })
})
