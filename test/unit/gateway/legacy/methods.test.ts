/** Prompts, resources and completions of a 2025 client, over the 2026-07-28 inner wire. */
import { describe, expect, it } from 'vitest'
import { createEdge, type Edge } from './_input.ts'

const capabilities = { tools: {}, prompts: {}, resources: {}, completions: {} }
const edgeFor = (result: object, status = 200): Edge =>
  createEdge(() => Response.json({ jsonrpc: '2.0', id: 7, ...result }, { status }), {
    capabilities,
    lists: { tools: '[]', prompts: '[{"name":"p"}]', resourceTemplates: '[]' },
  })
const complete = (result: object) => ({
  result: { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...result },
})
const answerTo = async (edge: Edge, method: string, params: object) =>
  (await (await edge.post({ id: 7, method, params })).json()) as unknown

describe('a list', () => {
  it('comes from the snapshot, without what only 2026-07-28 knows', async () => {
    const edge = edgeFor({})
    expect(await answerTo(edge, 'prompts/list', {})).toMatchObject({
      result: { prompts: [{ name: 'p' }] },
    })
    expect(await answerTo(edge, 'resources/templates/list', {})).toMatchObject({
      result: { resourceTemplates: [] },
    })
    expect(await answerTo(edge, 'prompts/list', { cursor: 'x' })).toMatchObject({
      error: { code: -32602 },
    })
    expect(edge.calls).toHaveLength(0)
  })

  it('of resources only the server knows is asked for, cursor included', async () => {
    const edge = edgeFor(complete({ resources: [], nextCursor: 'n' }))
    expect(await answerTo(edge, 'resources/list', { cursor: 'c' })).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: { resources: [], nextCursor: 'n' },
    })
    expect(edge.calls[0]).toMatchObject({ method: 'resources/list', name: undefined })
    expect(edge.calls[0]?.body).toContain('"cursor":"c"')
  })

  it('of a capability the server lacks is an unknown method', async () => {
    const edge = createEdge()
    for (const method of ['prompts/list', 'prompts/get', 'resources/read', 'completion/complete']) {
      expect(await answerTo(edge, method, {})).toMatchObject({ error: { code: -32601 } })
    }
  })
})

describe('a call', () => {
  it('prompts/get keeps description and messages; blocks the revision lacks become text', async () => {
    const content = { type: 'audio', data: 'AA==', mimeType: 'audio/wav' }
    const edge = edgeFor(complete({ description: 'd', messages: [{ role: 'user', content }] }))
    const response = await edge.post(
      { id: 7, method: 'prompts/get', params: { name: 'p', arguments: { a: 'b' } } },
      { 'mcp-protocol-version': '2024-11-05' },
    )
    expect(await response.json()).toMatchObject({
      result: { description: 'd', messages: [{ role: 'user', content: { type: 'text' } }] },
    })
    expect(edge.calls[0]).toMatchObject({ method: 'prompts/get', name: 'p' })
  })

  it('resources/read of nothing is −32002 in this era (2025-11-25 server/resources)', async () => {
    const error = { code: -32602, message: 'Resource not found: a://x', data: { uri: 'a://x' } }
    expect(await answerTo(edgeFor({ error }), 'resources/read', { uri: 'a://x' })).toMatchObject({
      error: { code: -32002, data: { uri: 'a://x' } },
    })
  })

  it('any other −32602 of resources/read stays what it is', async () => {
    const error = { code: -32602, message: 'too large' }
    expect(await answerTo(edgeFor({ error }), 'resources/read', { uri: 'a://x' })).toMatchObject({
      error: { code: -32602 },
    })
  })

  it('completion/complete is decided on by its reference', async () => {
    const completion = { values: ['a'] }
    const edge = edgeFor(complete({ completion }))
    const params = { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'a', value: '' } }
    expect(await answerTo(edge, 'completion/complete', params)).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: { completion },
    })
    expect(edge.calls[0]).toMatchObject({ method: 'completion/complete', name: 'prompt p' })
  })

  it.each([
    ['prompts/get', {}],
    ['prompts/get', { name: 'p', arguments: [] }],
    ['resources/read', { uri: 7 }],
    ['completion/complete', { ref: { type: 'ref/x', name: 'p' } }],
  ])('%s with %j is −32602, and no server hears of it', async (method, params) => {
    const edge = edgeFor({})
    expect(await answerTo(edge, method, params)).toMatchObject({ error: { code: -32602 } })
    expect(edge.calls).toHaveLength(0)
  })
})
