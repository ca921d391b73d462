/**
 * Every row of the error tables of both revisions, on the wire, for every method the
 * row is about (2026-07-28 basic/index, transports/streamable-http, SEP-2243, SEP-2663;
 * 2025-11-25 basic/transports). Bodies that are no messages and tokens that are none
 * are in bad-input*.test.ts; header against body in every combination is in
 * era-confusion.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LegacyClient } from './_legacy-client.ts'
import { startPlatform, type Platform } from './_platform.ts'
import {
  jsonHeaders,
  LEGACY,
  legacy,
  MODERN,
  modern,
  modernMeta,
  send,
  type Got,
  type Wire,
} from './_wire.ts'

const TASKS = 'io.modelcontextprotocol/tasks'
const TASK_ID = 'a'.repeat(22)
const ALL = {
  elicitation: { form: {} },
  sampling: {},
  roots: {},
  extensions: { [TASKS]: {} },
}

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/library'] })
})
afterAll(() => platform.close())

type Headers = Record<string, string | undefined>
const post = ({ headers, body }: Wire, more: Headers = {}, server = 'conformance'): Promise<Got> =>
  send(platform.origin, { path: `/${server}/mcp`, headers: { ...headers, ...more }, body })
const outcome = ({ status, message }: Got) => [status, message.error?.code]

/** A request that names what it is about, by a client that can do all there is. */
function asked(method: string, params: Record<string, unknown> = {}, capabilities: object = ALL) {
  const wire = modern(method, { _meta: modernMeta(MODERN, capabilities), ...params })
  const { taskId } = params
  if (typeof taskId === 'string') wire.headers['mcp-name'] = taskId
  return wire
}

describe('2026-07-28: headers that do not say what the body says are −32020 with 400', () => {
  const named: [method: string, params: Record<string, unknown>][] = [
    ['tools/call', { name: 'test_simple_text' }],
    ['prompts/get', { name: 'test_simple_prompt' }],
    ['resources/read', { uri: 'test://static-text' }],
    ['tasks/get', { taskId: TASK_ID }],
    ['tasks/update', { taskId: TASK_ID, inputResponses: {} }],
    ['tasks/cancel', { taskId: TASK_ID }],
  ]
  test.each(named)('Mcp-Name of %s: missing, another, not decodable', async (method, params) => {
    const other = { 'prompts/get': 'test_prompt_with_image', 'tools/call': 'greet' }[method]
    for (const name of [undefined, other ?? 'other', '=?base64?YQ?=', '=?base64?*?=', '']) {
      const got = await post(asked(method, params), { 'mcp-name': name })
      expect(outcome(got), `Mcp-Name: ${name}`).toEqual([400, -32020])
      expect(got.message.id).toBe(1)
    }
  })

  test.each([
    ...named,
    ['tools/list', {}],
    ['prompts/list', {}],
    ['resources/list', {}],
    ['resources/templates/list', {}],
    ['server/discover', {}],
    ['completion/complete', {}],
    ['subscriptions/listen', { notifications: {} }],
  ] as typeof named)('Mcp-Method of %s: missing, another, in capitals', async (method, params) => {
    for (const header of [undefined, 'tools/nothing', method.toUpperCase()]) {
      const got = await post(asked(method, params), { 'mcp-method': header })
      expect(outcome(got), `Mcp-Method: ${header}`).toEqual([400, -32020])
    }
  })

  test('a notification under the name of another', async () => {
    const { headers } = asked('notifications/cancelled')
    const body = '{"jsonrpc":"2.0","method":"notifications/progress"}'
    expect(outcome(await post({ headers, body }))).toEqual([400, -32020])
  })

  test.each(['=?base64?WsO8cmljaA=?=', '=?base64?!?=', 'z%C3%BCrich', 'ZÜRICH'])(
    'Mcp-Param of a tool: %s',
    async (region) => {
      const call = asked('tools/call', {
        name: 'test_x_mcp_header',
        arguments: { region: 'Zürich' },
      })
      const latin1 = Buffer.from(region).toString('latin1')
      expect(outcome(await post(call, { 'mcp-param-region': latin1 }))).toEqual([400, -32020])
    },
  )

  test('white space around a value is none of it; the name of a header has no case (RFC 9110 §5.5)', async () => {
    const { headers, body } = asked('tools/call', { name: 'test_simple_text' })
    const { 'mcp-name': name = '', ...rest } = headers
    const got = await post({ headers: rest, body }, { 'MCP-NAME': ` \t${name} ` })
    expect(got.message.result).toMatchObject({ content: [{ type: 'text' }] })
  })
})

describe('2026-07-28: what a call needs and the client did not declare is −32021 with 400', () => {
  test.each([
    ['tools/call', 'test_missing_capability', {}, { sampling: {} }],
    ['tools/call', 'test_elicitation', { message: 'Who?' }, { elicitation: { form: {} } }],
    ['tools/call', 'test_input_required_result_list_roots', {}, { roots: {} }],
    ['tools/call', 'failing_job', {}, { extensions: { [TASKS]: {} } }],
    ['prompts/get', 'test_input_required_result_prompt', {}, { elicitation: { form: {} } }],
  ])('%s %s', async (method, name, args, requiredCapabilities) => {
    const got = await post(asked(method, { name, arguments: args }, {}))
    expect(outcome(got)).toEqual([400, -32021])
    expect(got.message.error?.data).toEqual({ requiredCapabilities })
  })

  test.each(['tasks/get', 'tasks/update', 'tasks/cancel'])('%s', async (method) => {
    const params = { taskId: TASK_ID, inputResponses: {} }
    const got = await post(asked(method, params, { elicitation: {} }))
    expect(outcome(got)).toEqual([400, -32021])
    const requiredCapabilities = { extensions: { [TASKS]: {} } }
    expect(got.message.error?.data).toEqual({ requiredCapabilities })
  })
})

test.each([
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/list',
  'tasks/result',
  'roots/list',
  'sampling/createMessage',
  'elicitation/create',
  'constructor',
  'toString',
  '__proto__',
  '',
])('2026-07-28: %s is no method of servers: −32601 with 404', async (method) => {
  const got = await post(asked(method, { uri: 'test://static-text', taskId: TASK_ID }))
  expect(outcome(got)).toEqual([404, -32601])
})

test('2026-07-28: the handshake of older revisions is answered with the versions that need none', async () => {
  const params = { protocolVersion: MODERN, capabilities: {}, clientInfo: { name: 'x' } }
  expect(outcome(await post(asked('initialize', params)))).toEqual([404, -32601])
})

const REFERENCE = { type: 'ref/prompt', name: 'test_prompt_with_arguments' }
const ERAS = [
  [MODERN, asked, -32602],
  [LEGACY, legacy, -32002],
] as const

describe.each(ERAS)('%s: params nothing can be done with, in band', (era, make, notFound) => {
  const rows: [what: string, method: string, params: Record<string, unknown>][] = [
    ['a tool nobody has', 'tools/call', { name: 'nothing' }],
    ['a prompt nobody has', 'prompts/get', { name: 'nothing' }],
    ['a prompt with no name', 'prompts/get', { name: '' }],
    ['a prompt without its arguments', 'prompts/get', { name: REFERENCE.name }],
    [
      'a prompt with a number for a text',
      'prompts/get',
      { name: REFERENCE.name, arguments: { arg1: 'a', arg2: 2 } },
    ],
    ['a cursor of tools', 'tools/list', { cursor: 'x' }],
    ['a cursor of prompts', 'prompts/list', { cursor: 'x' }],
    ['a cursor of templates', 'resources/templates/list', { cursor: 'x' }],
    ['a cursor of resources the server lists itself', 'resources/list', { cursor: 'x' }],
    ['a cursor that is no text', 'resources/list', { cursor: 7 }],
    ['a completion of nothing', 'completion/complete', {}],
    ['a completion of another kind', 'completion/complete', { ref: { type: 'ref/x' } }],
    [
      'a completion of a prompt nobody has',
      'completion/complete',
      { ref: { ...REFERENCE, name: 'nothing' }, argument: { name: 'arg1', value: '' } },
    ],
    [
      'a completion of a value that is no text',
      'completion/complete',
      { ref: REFERENCE, argument: { name: 'arg1', value: 7 } },
    ],
  ]
  test.each(rows)('%s is −32602', async (_what, method, params) => {
    const got = await post(make(method, params))
    expect(outcome(got)).toEqual([200, -32602])
    expect(got.message.error?.message).toMatch(/\w{3}/)
  })

  test.each(['nothing://here', 'test://static-textual', 'no uri'])(
    `the resource %s is ${notFound}, with its URI, and no empty contents`,
    async (uri) => {
      const got = await post(make('resources/read', { uri }))
      expect(outcome(got)).toEqual([200, notFound])
      expect(got.message.error?.data).toMatchObject({ uri })
      expect(got.message.result).toBeUndefined()
    },
  )

  test('what breaks in a server is −32603 with a reference, and the log has the reason', async () => {
    const got = await post(make('resources/read', { uri: 'book://500' }), {}, 'library')
    expect(outcome(got)).toEqual([era === MODERN ? 500 : 200, -32603])
    const [, ref = ''] = /^Internal error \(ref ([0-9a-f]{8})\)$/.exec(
      got.message.error?.message ?? '',
    )!
    await expect.poll(() => platform.logs().find((line) => line.includes(ref))).toContain('shelf')
  })

  test('arguments a tool’s schema does not take, and what a tool says failed, are results', async () => {
    for (const name of ['test_error_handling', 'test_x_mcp_header']) {
      const args = name === 'test_x_mcp_header' ? { region: 7 } : {}
      const got = await post(make('tools/call', { name, arguments: args }), {
        'mcp-param-region': era === MODERN && name === 'test_x_mcp_header' ? '7' : undefined,
      })
      expect(got.status, name).toBe(200)
      expect(got.message.result, name).toMatchObject({ isError: true })
    }
  })
})

describe('2026-07-28 knows no sessions, replies or streams to come back to', () => {
  test('ids of sessions and events are ignored, and none is handed out', async () => {
    const old = { 'mcp-session-id': 'forged', 'last-event-id': 'forged' }
    const got = await post(asked('tools/call', { name: 'test_tool_with_progress' }), old)
    expect(got.status).toBe(200)
    expect(got.headers['mcp-session-id']).toBeUndefined()
    expect(got.text).not.toMatch(/^id:/m)
  })

  test.each([{ result: {} }, { error: { code: 1, message: 'x' } }])(
    'a reply %j is −32600 with 400',
    async (reply) => {
      const { headers } = asked('ping')
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...reply })
      expect(outcome(await post({ headers, body }))).toEqual([400, -32600])
    },
  )

  test('trace context of any shape is no reason to refuse (basic/index)', async () => {
    const _meta = { ...modernMeta(), traceparent: 7, tracestate: '', baggage: { a: [] } }
    const call = asked('tools/call', { name: 'test_simple_text', _meta })
    expect((await post(call)).message.result).toMatchObject({ resultType: 'complete' })
  })
})

describe('2025-11-25: the rules of its transport', () => {
  const inSession = async (message: object, headers: Headers): Promise<Got> => {
    const { headers: own } = legacy('ping')
    return post({ headers: own, body: JSON.stringify({ jsonrpc: '2.0', ...message }) }, headers)
  }
  const PING = { id: 1, method: 'ping' }
  const kinds: [what: string, message: object][] = [
    ['request', PING],
    ['notification', { method: 'notifications/initialized' }],
    ['reply', { id: 1, result: {} }],
  ]

  test.each(kinds)('a %s of a session nobody has is 404', async (_what, message) => {
    const got = await inSession(message, { 'mcp-session-id': 'forged' })
    expect(got.status).toBe(404)
    expect(got.message.error?.message).toBe('Session not found')
  })

  test.each(kinds)('a %s under a version nobody speaks is 400', async (_what, message) => {
    const { sessionId } = await LegacyClient.open(platform.mcpUrl('conformance'))
    for (const version of ['2023-01-01', 'nonsense', '']) {
      const headers = { 'mcp-session-id': sessionId, 'mcp-protocol-version': version }
      const got = await inSession(message, headers)
      expect(got.status, version).toBe(400)
      expect(got.message.error?.message, version).toContain('Unsupported protocol version')
    }
  })

  test('without a version it is the one that was negotiated; replies and notifications are 202', async () => {
    const { sessionId } = await LegacyClient.open(platform.mcpUrl('conformance'))
    const headers = { 'mcp-session-id': sessionId, 'mcp-protocol-version': undefined }
    const [ping, notified, replied] = await Promise.all(
      kinds.map(([, message]) => inSession(message, headers)),
    )
    expect([ping?.status, ping?.message.result]).toEqual([200, {}])
    expect([notified, replied].map((got) => [got?.status, got?.text])).toEqual([
      [202, ''],
      [202, ''],
    ])
    const batch = JSON.stringify([{ jsonrpc: '2.0', ...PING }])
    const got = await post({ headers: { ...jsonHeaders(), ...headers } as never, body: batch })
    expect(outcome(got)).toEqual([400, -32600])
  })

  test.each([
    ['logging/setLevel', { level: 'info' }],
    ['resources/subscribe', { uri: 'test://watched-resource' }],
    ['resources/unsubscribe', { uri: 'test://watched-resource' }],
    ['tools/call', { name: 'test_elicitation', arguments: { message: 'Who?' } }],
  ])('%s without the session it needs is 400', async (method, params) => {
    const got = await post(legacy(method, params))
    expect(got.status).toBe(400)
    expect(got.message.error?.message).toContain('Mcp-Session-Id')
  })

  test.each(['application/json', 'text/event-stream', 'text/html', undefined])(
    'a POST that accepts %s is 406: it must accept both',
    async (accept) => {
      expect((await inSession(PING, { accept })).status).toBe(406)
    },
  )

  test('a GET that does not accept streams is 406, of no session 405, of one nobody has 404', async () => {
    const { sessionId } = await LegacyClient.open(platform.mcpUrl('conformance'))
    const get = async (headers: Headers) => {
      const path = '/conformance/mcp'
      return (await send(platform.origin, { method: 'GET', path, headers })).status
    }
    expect(await get({ accept: 'application/json', 'mcp-session-id': sessionId })).toBe(406)
    const accept = 'text/event-stream'
    expect(await get({ accept })).toBe(405)
    expect(await get({ accept, 'mcp-session-id': 'forged' })).toBe(404)
    expect(await get({ accept, 'mcp-session-id': 'forged', 'last-event-id': 'x' })).toBe(404)
  })

  test('DELETE of no session is 400, of one nobody has 404, of one that was deleted 404', async () => {
    const client = await LegacyClient.open(platform.mcpUrl('conformance'))
    const remove = async (sessionId: string) => {
      client.sessionId = sessionId
      return (await client.delete()).status
    }
    const { sessionId } = client
    expect(await remove('')).toBe(400)
    expect(await remove('forged')).toBe(404)
    expect(await remove(sessionId)).toBe(200)
    expect(await remove(sessionId)).toBe(404)
  })

  test.each(['2099-01-01', MODERN, 'nonsense'])(
    'initialize with version %s gets the newest of its era',
    async (protocolVersion) => {
      const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'x', version: '1' } }
      const wire = legacy('initialize', params)
      const got = await post(wire, { 'mcp-protocol-version': undefined })
      expect(got.message.result).toMatchObject({ protocolVersion: LEGACY })
      expect(got.headers['mcp-session-id']).toMatch(/^[\x21-\x7e]{1,1024}$/)
    },
  )

  test.each([
    {},
    { protocolVersion: 7, capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  ])('initialize with %j is −32602', async (params) => {
    expect(outcome(await post(legacy('initialize', params)))).toEqual([200, -32602])
  })

  test.each(['loud', 7, null, undefined])('the log level %j is −32602', async (level) => {
    const { sessionId } = await LegacyClient.open(platform.mcpUrl('conformance'))
    const message = { id: 1, method: 'logging/setLevel', params: { level } }
    expect(outcome(await inSession(message, { 'mcp-session-id': sessionId }))).toEqual([
      200, -32602,
    ])
  })

  test.each([
    'server/discover',
    'subscriptions/listen',
    'tasks/get',
    'tasks/list',
    'tasks/result',
    'constructor',
  ])('%s is of another revision, or of none: −32601', async (method) => {
    const got = await post(legacy(method, { taskId: TASK_ID, notifications: {} }))
    expect(outcome(got)).toEqual([200, -32601])
  })
})
