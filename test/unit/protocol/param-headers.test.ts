/** Arguments that travel as headers too (2026-07-28 streamable-http "Schema Extension", SEP-2243). */
import { describe, expect, it } from 'vitest'
import {
  headersFor,
  paramHeaderError,
  paramHeadersOf,
  type ParamHeader,
} from '#shared/protocol/param-headers.ts'

const marked = (type: string, name: unknown = 'Region') => ({ type, 'x-mcp-header': name })

const PARAMS: ParamHeader[] = [
  { name: 'Region', path: ['region'], isInteger: false },
  { name: 'Count', path: ['page', 'count'], isInteger: true },
  { name: 'Dry', path: ['dry'], isInteger: false },
]
const SCHEMA = {
  type: 'object',
  properties: {
    region: marked('string'),
    page: { type: 'object', properties: { count: marked('integer', 'Count') } },
    dry: marked('boolean', 'Dry'),
    // Data, not a schema.
    other: { type: 'object', default: { 'x-mcp-header': 'x' } },
  },
}

describe('markings in a schema', () => {
  it('are found along properties at any depth', () => {
    expect(paramHeadersOf(SCHEMA)).toEqual({ ok: true, value: PARAMS })
    expect(paramHeadersOf({ type: 'object' })).toEqual({ ok: true, value: [] })
  })

  it.each([
    ['on the schema itself', { ...marked('string') }],
    ['on a number', { properties: { a: marked('number') } }],
    ['on an object', { properties: { a: marked('object') } }],
    ['with a name no header has', { properties: { a: marked('string', 'a b') } }],
    ['with an empty name', { properties: { a: marked('string', '') } }],
    ['with no text as name', { properties: { a: marked('string', 7) } }],
    ['twice, but for case', { properties: { a: marked('string', 'X'), b: marked('string', 'x') } }],
    ['in items', { properties: { a: { items: marked('string') } } }],
    ['in anyOf', { anyOf: [{ properties: { a: marked('string') } }] }],
    ['in $defs', { $defs: { a: marked('string') } }],
    ['in if', { if: { properties: { a: marked('string') } } }],
  ])('%s are refused', (_case, schema) => {
    expect(paramHeadersOf(schema).ok).toBe(false)
  })
})

describe('headers and body', () => {
  const check = (args: unknown, headers: Record<string, string>) =>
    paramHeaderError(PARAMS, args, new Headers(headers))

  it.each<[unknown, Record<string, string>]>([
    [{ region: 'eu' }, { 'mcp-param-region': 'eu' }],
    [{ region: 'Zürich' }, { 'mcp-param-region': '=?base64?WsO8cmljaA==?=' }],
    [{ region: 'SGVsbG8=' }, { 'mcp-param-region': 'SGVsbG8=' }],
    [{ region: '=?base64?SGVsbG8=' }, { 'mcp-param-region': '=?base64?SGVsbG8=' }],
    [{ page: { count: 42 } }, { 'mcp-param-count': '42.0' }],
    [{ dry: false }, { 'mcp-param-dry': 'false' }],
    [{ region: null }, {}],
    [{}, { 'mcp-param-region': 'ignored' }],
    [undefined, {}],
  ])('%j agrees with %j', (args, headers) => {
    expect(check(args, headers)).toBeUndefined()
  })

  it.each<[unknown, Record<string, string>]>([
    [{ region: 'eu' }, {}],
    [{ region: 'eu' }, { 'mcp-param-region': 'us' }],
    [{ region: 'eu' }, { 'mcp-param-region': 'EU' }],
    [{ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8?=' }],
    [{ region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVs!!!bG8=?=' }],
    [{ page: { count: 42 } }, { 'mcp-param-count': '43' }],
    [{ page: { count: 42 } }, { 'mcp-param-count': '0x2a' }],
    [{ page: { count: '42' } }, { 'mcp-param-count': '42.0' }],
    [{ dry: false }, { 'mcp-param-dry': 'False' }],
  ])('%j with %j is −32020', (args, headers) => {
    expect(check(args, headers)).toMatchObject({ status: 400, code: -32020 })
  })

  it('what the bridge sends for arguments agrees with them', () => {
    const args = { region: 'Zürich ', page: { count: -7 }, dry: true, constructor: 'x' }
    const headers = headersFor(PARAMS, args)
    expect(headers).toHaveLength(3)
    expect(paramHeaderError(PARAMS, args, new Headers(headers))).toBeUndefined()
    expect(headersFor(PARAMS, { region: null })).toEqual([])
  })
})
