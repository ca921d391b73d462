/** From the 2026-07-28 wire to what a 2025 client knows: results, errors, notifications, content. */
import { describe, expect, it } from 'vitest'
import { capabilitiesOf, flagsOf, missingText } from '#shared/gateway/legacy/capabilities.ts'
import { legacyContent, legacyList } from '#shared/gateway/legacy/content.ts'
import { pendingCall } from '#shared/gateway/legacy/run/pending-call.ts'
import { createProgressGate } from '#shared/gateway/legacy/run/progress-gate.ts'
import { translate } from '#shared/gateway/legacy/translate.ts'

const TARGET = { requestId: 7, method: 'tools/call', version: '2025-11-25' } as const
const translated = (message: object, status = 200) =>
  translate(JSON.stringify({ jsonrpc: '2.0', ...message }), status, TARGET)
const final = (message: object, status = 200): unknown => {
  const item = translated(message, status)
  return item.kind === 'final' ? JSON.parse(item.text) : item
}

describe('a result', () => {
  it('loses what only 2026-07-28 knows and takes the client’s own id', () => {
    const result = {
      resultType: 'complete',
      content: [{ type: 'text', text: 'hi' }],
      structuredContent: { a: 1 },
      isError: true,
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '1' }, own: 1 },
    }
    expect(final({ id: 'inner', result })).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: {
        content: result.content,
        structuredContent: { a: 1 },
        isError: true,
        _meta: { own: 1 },
      },
    })
  })

  it('without further _meta has none', () => {
    const _meta = { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '1' } }
    const answer = final({ id: 7, result: { resultType: 'complete', content: [], _meta } })
    expect(answer).toEqual({ jsonrpc: '2.0', id: 7, result: { content: [] } })
  })

  it('whose structured content is no object has it wrapped (SEP-2106)', () => {
    const result = { resultType: 'complete', content: [], structuredContent: [1, 2] }
    expect(final({ id: 7, result })).toMatchObject({
      result: { structuredContent: { result: [1, 2] } },
    })
  })

  it.each([undefined, 'task', 'nonsense'])('of type %s is none a 2025 client may see', (type) => {
    expect(translated({ id: 7, result: { resultType: type, content: [] } }).kind).toBe('broken')
  })

  it('that wants input says what and with which state', () => {
    const inputRequests = { name: { method: 'elicitation/create', params: {} } }
    const result = { resultType: 'input_required', inputRequests, requestState: 's' }
    expect(translated({ id: 7, result })).toEqual({
      kind: 'ask',
      requests: inputRequests,
      requestState: 's',
    })
    expect(translated({ id: 7, result: { resultType: 'input_required' } }).kind).toBe('broken')
  })
})

describe('an error', () => {
  const error = (code: number, data?: unknown) => ({
    id: 7,
    error: { code, message: 'said', ...(data === undefined ? {} : { data }) },
  })

  it.each([
    [-32602, 200],
    [-32601, 404],
    [-32603, 500],
    [-32000, 200],
  ])('%i with status %i passes in band', (code, status) => {
    expect(final(error(code), status)).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: { code, message: 'said' },
    })
  })

  it.each([
    [-32602, 400],
    [-32020, 400],
    [-32022, 400],
    [-32700, 400],
    [-32600, 400],
  ])('%i with status %i is the bridge’s own fault and is not passed on', (code, status) => {
    expect(translated(error(code), status).kind).toBe('broken')
  })

  it('−32021 becomes a sentence about what the client lacks', () => {
    const data = { requiredCapabilities: { elicitation: { form: {} } } }
    expect(translated(error(-32021, data), 400)).toEqual({
      kind: 'lacks',
      text: 'Client does not support form elicitation.',
    })
    expect(missingText({ sampling: {} })).toContain('sampling')
    expect(missingText({ roots: {} })).toContain('roots')
    expect(missingText({ extensions: { x: {} } })).toContain('extensions')
    expect(missingText(undefined)).toContain('capability')
  })
})

describe('any other message', () => {
  it('passes when it is progress or a log line, word for word', () => {
    const text =
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1,"x":1}}'
    expect(translate(text, 200, TARGET)).toEqual({ kind: 'event', text })
    expect(translated({ method: 'notifications/message', params: {} }).kind).toBe('event')
  })

  it('is dropped when it has no place on this stream', () => {
    expect(translated({ method: 'notifications/tools/list_changed' }).kind).toBe('nothing')
  })

  it('is refused when a server sends a request, or no JSON-RPC', () => {
    expect(translated({ id: 1, method: 'sampling/createMessage', params: {} }).kind).toBe('broken')
    expect(translate('{', 200, TARGET).kind).toBe('foreign')
    expect(translate('{"error":"x"}', 401, TARGET).kind).toBe('foreign')
  })
})

describe('a call', () => {
  const call = (params: Record<string, unknown>) =>
    pendingCall('tools/call', { jsonrpc: '2.0', id: 7, method: 'tools/call', params }, undefined)

  it('keeps progress token and foreign _meta, and drops reserved keys a client wrote', () => {
    const _meta = {
      progressToken: 'p',
      'example.com/x': 1,
      'io.modelcontextprotocol/clientCapabilities': { sampling: {} },
      'io.modelcontextprotocol/protocolVersion': '1999-01-01',
      'io.modelcontextprotocol/related-task': {},
    }
    expect(call({ name: 'ask', _meta })?.params['_meta']).toEqual({
      progressToken: 'p',
      'example.com/x': 1,
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/logLevel': 'info',
    })
  })

  it('cannot smuggle in answers, state or a task', () => {
    const params = { name: 'ask', arguments: {}, inputResponses: {}, requestState: 's', task: {} }
    expect(Object.keys(call(params)?.params ?? {})).toEqual(['name', 'arguments', '_meta'])
  })

  it('needs a name, and arguments that are an object', () => {
    expect(call({})).toBeUndefined()
    expect(call({ name: 'ask', arguments: [1] })).toBeUndefined()
  })
})

describe('capabilities', () => {
  it.each([
    [{}, {}],
    [{ elicitation: {} }, { elicitation: { form: {} } }],
    [{ elicitation: { url: {} } }, { elicitation: { url: {} } }],
    [{ elicitation: { form: {}, url: {} } }, { elicitation: { form: {}, url: {} } }],
    [
      { sampling: { context: {} }, roots: { listChanged: true } },
      { sampling: {}, roots: {} },
    ],
    [{ sampling: { tools: {} }, experimental: { x: 1 } }, { sampling: { tools: {} } }],
    [{ elicitation: 'yes', sampling: null }, {}],
  ])('%j travel in the id as %j', (declared, carried) => {
    expect(capabilitiesOf(flagsOf(declared, '2025-11-25'))).toEqual(carried)
  })
})

describe('older clients', () => {
  const link = { type: 'resource_link', name: 'log', uri: 'file:///log' }
  const audio = { type: 'audio', mimeType: 'audio/wav', data: 'AA==' }

  it('get text for content of a later revision', () => {
    expect(legacyContent([link, audio], '2025-06-18')).toEqual([link, audio])
    const [asText, kept] = legacyContent([link, audio], '2025-03-26')
    expect([asText, kept]).toEqual([{ type: 'text', text: 'log: file:///log' }, audio])
    expect(legacyContent([audio], '2024-11-05')).toMatchObject([{ type: 'text' }])
  })

  it('get no output schema that is no object’s, and everything else as it is', () => {
    const object = { name: 'a', outputSchema: { type: 'object' }, 'x-own': 1 }
    const array = { name: 'b', inputSchema: { $defs: {} }, outputSchema: { type: 'array' } }
    expect(JSON.parse(legacyList('tools', JSON.stringify([object, array]), '2025-11-25'))).toEqual([
      object,
      { name: 'b', inputSchema: { $defs: {} } },
    ])
    expect(legacyList('tools', '[{"name":"c"}]', '2025-11-25')).toBe('[{"name":"c"}]')
  })
})

describe('progress of a tool that runs again after an answer', () => {
  it('is shown only where it rises', () => {
    const rises = createProgressGate()
    const progress = (value: number) =>
      JSON.stringify({ method: 'notifications/progress', params: { progress: value } })
    expect([0, 1, 0, 1, 2].map((value) => rises(progress(value)))).toEqual([
      true,
      true,
      false,
      false,
      true,
    ])
    expect(rises('{"result":{"content":"notifications/progress"}}')).toBe(true)
  })
})
