/** Requests of both eras for the comparison with the official SDK: every method, valid and broken. */
import fc from 'fast-check'

export interface WireRequest {
  readonly era: 'modern' | 'legacy'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Json = Record<string, unknown>

const PROTOCOL = 'io.modelcontextprotocol/protocolVersion'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
const CLIENT = 'io.modelcontextprotocol/clientInfo'
const LEVEL = 'io.modelcontextprotocol/logLevel'
const MODERN = '2026-07-28'

const word = fc.constantFrom('ada', 'a', '', 'Grüße', 'x'.repeat(30), '1', '__proto__')
const anything = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, '', 'text', [], {}, [1], { a: 1 }),
  fc.jsonValue({ maxDepth: 2 }),
)
const oneIn = (chances: number, value: fc.Arbitrary<unknown>, otherwise: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 1, arbitrary: value }, { weight: chances - 1, arbitrary: otherwise })

/** Fields that are mostly right, sometimes missing, sometimes anything. */
function fields(right: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Json> {
  const mostly = Object.fromEntries(
    Object.entries(right).map(([name, value]) => [name, oneIn(8, anything, value)]),
  )
  return fc.record(mostly, { requiredKeys: [] })
}

const always = (value: Json): fc.Arbitrary<Json> => fc.constant(value)

const CALLS = fc.oneof(
  fields({ text: word, times: fc.constantFrom(1, 2, 3, 4, 0) }).map((args) => ['echo', args]),
  fields({ a: fc.constantFrom(1, -2, 0.5), b: fc.constantFrom(3, 0) }).map((args) => ['sum', args]),
  fields({ x: word }).map((args) => ['bare', args]),
  fc.tuple(fc.constantFrom('none', 'toString', 'Echo', ''), always({})),
) as fc.Arbitrary<[string, Json]>

const REFERENCE = fc.oneof(
  always({ type: 'ref/prompt', name: 'greet' }),
  always({ type: 'ref/prompt', name: 'none' }),
  always({ type: 'ref/resource', uri: 'twin://page/{number}' }),
  always({ type: 'ref/resource', uri: 'twin://none/{x}' }),
  always({ type: 'ref/nothing' }),
)

const URIS = fc.constantFrom(
  'twin://readme',
  'twin://page/1',
  'twin://page/a%20b',
  'twin://page/',
  'twin://none',
  'not a uri',
)

/** Method → its params. Methods of one era are sent in the other too: both must refuse alike. */
const PARAMS: Record<string, fc.Arbitrary<Json>> = {
  'server/discover': always({}),
  ping: always({}),
  initialize: fields({
    protocolVersion: fc.constantFrom('2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '1'),
    capabilities: always({}),
    clientInfo: fc.constantFrom({ name: 'fuzz', version: '1' }, {}),
  }),
  'tools/list': fields({ cursor: word }),
  'tools/call': CALLS.map(([name, args]) => ({ name, arguments: args })),
  'prompts/list': always({}),
  'prompts/get': fc.oneof(
    fields({ who: word, how: word }).map((args) => ({ name: 'greet', arguments: args })),
    always({ name: 'plain' }),
    always({ name: 'none' }),
  ),
  'resources/list': always({}),
  'resources/templates/list': always({}),
  'resources/read': URIS.map((uri) => ({ uri })),
  'completion/complete': fc
    .tuple(
      REFERENCE,
      fields({ name: fc.constantFrom('who', 'number', 'how', 'none'), value: word }),
    )
    .map(([ref, argument]) => ({ ref, argument })),
  'logging/setLevel': fields({ level: fc.constantFrom('info', 'debug', 'loud') }),
  'resources/unsubscribe': fc.oneof(
    URIS.map((uri): Json => ({ uri })),
    always({}),
  ),
  'roots/list': always({}),
  'no/such': always({}),
}

const id = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<unknown>(1, 0, 'text', '') },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 1.5, {}, [], true) },
)

const message = fc
  .constantFrom(...Object.keys(PARAMS))
  .chain((method) =>
    fc.record({ method: fc.constant(method), params: PARAMS[method] ?? always({}), id }),
  )

/** One thing that is wrong with a message, or nothing. */
type Break = (body: Json) => unknown
const without = (body: Json, member: string): Json =>
  Object.fromEntries(Object.entries(body).filter(([name]) => name !== member))
const breaks = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Break>((body) => body) },
  { weight: 1, arbitrary: fc.constant<Break>((body) => ({ ...body, jsonrpc: '1.0' })) },
  { weight: 1, arbitrary: fc.constant<Break>((body) => without(body, 'jsonrpc')) },
  { weight: 1, arbitrary: fc.constant<Break>((body) => without(body, 'method')) },
  { weight: 1, arbitrary: anything.map((method): Break => (body) => ({ ...body, method })) },
  { weight: 2, arbitrary: anything.map((params): Break => (body) => ({ ...body, params })) },
  {
    weight: 1,
    arbitrary: anything.map(
      (whole): Break =>
        () =>
          whole,
    ),
  },
  { weight: 1, arbitrary: fc.constant<Break>((body) => ({ ...body, extra: 1 })) },
)

const ACCEPT = 'application/json, text/event-stream'
const headersOf = (right: Record<string, string>) =>
  fc
    .tuple(
      fc.constantFrom(...Object.keys(right)),
      fc.oneof(
        { weight: 10, arbitrary: fc.constant('keep' as const) },
        { weight: 1, arbitrary: fc.constant('drop' as const) },
        { weight: 1, arbitrary: fc.constant('change' as const) },
      ),
    )
    .map(([name, change]) => {
      const { [name]: value = '', ...others } = right
      if (change === 'keep') return right
      if (change === 'change') return { ...others, [name]: `${value}x` }
      // A client always says what it accepts: fetch does, where its caller does not.
      return name === 'accept' ? { ...others, accept: '*/*' } : others
    })

const meta = fields({
  [CLIENT]: always({ name: 'fuzz', version: '1' }),
  [LEVEL]: fc.constantFrom('info', 'loud'),
  progressToken: fc.constantFrom<unknown>('t', 1),
}).chain((optional) =>
  oneIn(
    10,
    fields({ [PROTOCOL]: fc.constant(MODERN), [CAPABILITIES]: always({}) }),
    always({ [PROTOCOL]: MODERN, [CAPABILITIES]: {} }),
  ).map((required) => ({ ...optional, ...(required as Json) })),
)

const modern = fc
  .tuple(message, meta, breaks)
  .chain(([{ method, params, id: id_ }, _meta, broken]) => {
    const body = broken({ jsonrpc: '2.0', id: id_, method, params: { ...params, _meta } })
    const name = params['name'] ?? params['uri']
    return headersOf({
      accept: ACCEPT,
      'content-type': 'application/json',
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' && NAMED.has(method) && { 'mcp-name': headerText(name) }),
    }).map((headers): WireRequest => ({ era: 'modern', headers, body: JSON.stringify(body) }))
  })

const NAMED = new Set(['tools/call', 'prompts/get', 'resources/read'])

/** As clients write it (2026-07-28 transports: values that are not plain ASCII). */
const headerText = (value: string): string =>
  /^[\x21-\x7e]*$/.test(value) ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`

const legacy = fc.tuple(message, breaks).chain(([{ method, params, id: id_ }, broken]) =>
  headersOf({
    accept: ACCEPT,
    'content-type': 'application/json',
    ...(method === 'initialize' ? {} : { 'mcp-protocol-version': '2025-11-25' }),
  }).map((headers): WireRequest => ({
    era: 'legacy',
    headers,
    body: JSON.stringify(broken({ jsonrpc: '2.0', id: id_, method, params })),
  })),
)

export const wireRequests: fc.Arbitrary<WireRequest> = fc.oneof(modern, legacy)
