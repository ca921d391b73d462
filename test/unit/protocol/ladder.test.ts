import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { describe, expect, it } from 'vitest'
import { climbLadder } from '#shared/protocol/revisions/2026-07-28/ladder.ts'

const VERSION = 'io.modelcontextprotocol/protocolVersion'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
const ENVELOPE = { [VERSION]: '2026-07-28', [CAPABILITIES]: {} }

/** The official SDK's server, modern era only: the oracle for order and codes. */
const oracle = createMcpHandler(
  () => {
    const server = new McpServer({ name: 'oracle', version: '1' })
    server.registerTool('echo', { description: 'Echo' }, () => ({
      content: [{ type: 'text', text: 'ok' }],
    }))
    return server
  },
  { legacy: 'reject' },
)

interface Verdict {
  status: number
  code: number | undefined
  id: unknown
}

async function verdictOfSdk(headers: Headers, body: unknown): Promise<Verdict> {
  const response = await oracle.fetch(
    new Request('http://localhost/mcp', { method: 'POST', headers, body: JSON.stringify(body) }),
  )
  if (response.status === 202) return { status: 202, code: undefined, id: undefined }
  const message = (await response.json()) as { id: unknown; error?: { code: number } }
  return { status: response.status, code: message.error?.code, id: message.id }
}

function verdictOfOurs(headers: Headers, body: unknown): Verdict {
  const climbed = climbLadder(headers, body)
  if (!climbed.ok) {
    const { id, error } = climbed.failure
    return { status: error.status, code: error.code, id }
  }
  return climbed.value.kind === 'notification'
    ? { status: 202, code: undefined, id: undefined }
    : { status: 200, code: undefined, id: climbed.value.id }
}

const headersOf = (values: Record<string, string | undefined>): Headers => {
  const headers = new Headers({ 'content-type': 'application/json' })
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) headers.set(name, value)
  }
  return headers
}

const modern = {
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'echo',
}
const call = (params: object, more: object = {}): object => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params,
  ...more,
})
const good = call({ name: 'echo', _meta: ENVELOPE })

describe('the ladder agrees with the official SDK (2026-07-28)', () => {
  const versions = [undefined, '2026-07-28', '2025-11-25', '2027-01-01', ' 2026-07-28 ']
  const methods = [undefined, 'tools/call', 'tools/list', 'TOOLS/CALL']
  const names = [
    undefined,
    'echo',
    'other',
    '=?base64?ZWNobw==?=',
    '=?base64?ZWNobw=?=',
    '=?base64?',
  ]
  const metas: unknown[] = [
    undefined,
    {},
    ENVELOPE,
    { ...ENVELOPE, [VERSION]: '2027-01-01' },
    { ...ENVELOPE, [VERSION]: 7 },
    { [VERSION]: '2026-07-28' },
    { [CAPABILITIES]: {} },
  ]

  it('on every pair of disagreeing header and body version, method and name (−32020, −32602, −32022)', async () => {
    const disagreements: unknown[] = []
    for (const version of versions) {
      for (const method of methods) {
        for (const name of names) {
          for (const _meta of metas) {
            const headers = headersOf({
              'mcp-protocol-version': version,
              'mcp-method': method,
              'mcp-name': name,
            })
            const body = call({ name: 'echo', ...(_meta === undefined ? {} : { _meta }) })
            const [sdk, ours] = [await verdictOfSdk(headers, body), verdictOfOurs(headers, body)]
            if (JSON.stringify(sdk) !== JSON.stringify(ours)) {
              disagreements.push({ version, method, name, _meta, sdk, ours })
            }
          }
        }
      }
    }
    expect(disagreements).toEqual([])
  })

  it.each<[string, unknown]>([
    ['a good request', good],
    ['an empty batch', []],
    ['a batch with a modern request', [good]],
    ['a string', 'x'],
    ['null', null],
    ['an empty object', {}],
    ['JSON-RPC 1.0', call({ _meta: ENVELOPE }, { jsonrpc: '1.0' })],
    ['an id of null', call({ _meta: ENVELOPE }, { id: null })],
    ['a fractional id', call({ _meta: ENVELOPE }, { id: 1.5 })],
    ['an id of text', call({ name: 'echo', _meta: ENVELOPE }, { id: 'x' })],
    ['a foreign member', call({ _meta: ENVELOPE }, { extra: 1 })],
    ['a method that is no text', call({ _meta: ENVELOPE }, { method: 7 })],
    ['params that are an array', call([])],
    ['params that are null', call(null as never)],
    ['no params', { jsonrpc: '2.0', id: 1, method: 'tools/call' }],
    ['a _meta that is text', call({ _meta: 'x' })],
    ['a _meta that is an array', call({ _meta: [] })],
    [
      'a fractional progress token',
      call({ name: 'echo', _meta: { ...ENVELOPE, progressToken: 1.5 } }),
    ],
    ['a progress token', call({ name: 'echo', _meta: { ...ENVELOPE, progressToken: 'p' } })],
    ['a result', { jsonrpc: '2.0', id: 1, result: {} }],
    ['an error', { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'x' } }],
    ['capabilities that are text', call({ _meta: { ...ENVELOPE, [CAPABILITIES]: 'x' } })],
    ['a capability that is text', call({ _meta: { ...ENVELOPE, [CAPABILITIES]: { roots: 'x' } } })],
    [
      'an extension',
      call({ name: 'echo', _meta: { ...ENVELOPE, [CAPABILITIES]: { extensions: { 'a/b': {} } } } }),
    ],
    [
      'a log level that is none',
      call({ _meta: { ...ENVELOPE, 'io.modelcontextprotocol/logLevel': 'loud' } }),
    ],
    [
      'a client without a version',
      call({ _meta: { ...ENVELOPE, 'io.modelcontextprotocol/clientInfo': { name: 'x' } } }),
    ],
    ['initialize without an envelope', call({}, { method: 'initialize' })],
    ['a notification', { jsonrpc: '2.0', method: 'tools/call' }],
    ['a notification of another method', { jsonrpc: '2.0', method: 'notifications/cancelled' }],
    [
      'a notification of another version',
      { jsonrpc: '2.0', method: 'tools/call', params: { _meta: { [VERSION]: '2027-01-01' } } },
    ],
    [
      'a notification whose version is a number',
      { jsonrpc: '2.0', method: 'tools/call', params: { _meta: { [VERSION]: 7 } } },
    ],
  ])('on %s', async (_what, body) => {
    const headers = headersOf(modern)
    expect(verdictOfOurs(headers, body)).toEqual(await verdictOfSdk(headers, body))
  })
})

describe('the errors say', () => {
  it('which versions are spoken and which was asked for (−32022)', () => {
    const body = call({ name: 'echo', _meta: { ...ENVELOPE, [VERSION]: '2027-01-01' } })
    const climbed = climbLadder(
      headersOf({ ...modern, 'mcp-protocol-version': '2027-01-01' }),
      body,
    )
    expect(climbed).toMatchObject({
      failure: {
        id: 1,
        error: {
          status: 400,
          code: -32022,
          data: {
            supported: expect.arrayContaining(['2026-07-28']) as string[],
            requested: '2027-01-01',
          },
        },
      },
    })
  })

  it('which pair disagrees (−32020)', () => {
    const climbed = climbLadder(headersOf({ ...modern, 'mcp-name': 'other' }), good)
    expect(climbed).toMatchObject({
      failure: { error: { code: -32020, data: { mismatch: { header: 'other' } } } },
    })
  })
})

it('reads a name sent as Base64 (SEP-2243)', () => {
  const body = call({ name: 'größe', _meta: ENVELOPE })
  const encoded = `=?base64?${Buffer.from('größe').toString('base64')}?=`
  expect(climbLadder(headersOf({ ...modern, 'mcp-name': encoded }), body).ok).toBe(true)
})
