/**
 * Whose question, whose answer: `requestState` and session ids are capabilities
 * that travel through clients (DESIGN §4.2, §4.6; 2026-07-28 patterns/mrtr). Taken
 * from one caller, call or server to another they count for nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { LEGACY, legacy, messagesOf, modern, modernMeta, MODERN, send, type Got } from './_wire.ts'

let platform: Platform
let alice: string
let mallory: string

beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/trouble'] })
  alice = await mintToken(platform.mcpUrl('trouble'))
  mallory = await mintToken(platform.mcpUrl('trouble'), { sub: 'mallory' })
})
afterAll(() => platform.close())

const recorded = async (): Promise<string[]> => {
  const sent = modern('tools/call', { name: 'recorded' }, { token: alice })
  const got = await send(platform.origin, { path: '/trouble/mcp', ...sent })
  return got.message.result?.structuredContent?.['calls'] as string[]
}
const textOf = ({ message }: Got): string | undefined => message.result?.content?.[0]?.text

const CAN_ASK = { _meta: modernMeta(MODERN, { elicitation: {} }) }
const YES = { sure: { action: 'accept', content: { sure: true } } }

describe('requestState, 2026-07-28', () => {
  const round = (params: Record<string, unknown>, token = alice) =>
    send(platform.origin, {
      path: '/trouble/mcp',
      ...modern('tools/call', { ...CAN_ASK, name: 'ask', ...params }, { token }),
    })
  const asked = async (mark: string): Promise<string> => {
    const { message } = await round({ arguments: { mark } })
    expect(message.result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { sure: { method: 'elicitation/create' } },
    })
    return message.result?.['requestState'] as string
  }

  test('answered by who was asked: the handler goes on', async () => {
    const requestState = await asked('mine')
    const got = await round({ arguments: { mark: 'mine' }, requestState, inputResponses: YES })
    expect(textOf(got)).toBe('done')
    expect(await recorded()).toContain('ask:mine')
  })

  const misuses: [what: string, use: (state: string, mark: string) => Promise<Got>][] = [
    [
      'by another caller',
      (requestState, mark) =>
        round({ arguments: { mark }, requestState, inputResponses: YES }, mallory),
    ],
    [
      'with other arguments',
      (requestState, mark) =>
        round({ arguments: { mark: `${mark}2` }, requestState, inputResponses: YES }),
    ],
    [
      'for another tool',
      (requestState, mark) =>
        round({ name: 'record', arguments: { mark }, requestState, inputResponses: YES }),
    ],
    [
      'altered by one character',
      (state, mark) => {
        const requestState = `${state.slice(0, -9)}${state.at(-9) === 'A' ? 'B' : 'A'}${state.slice(-8)}`
        return round({ arguments: { mark }, requestState, inputResponses: YES })
      },
    ],
    [
      'cut short',
      (state, mark) =>
        round({ arguments: { mark }, requestState: state.slice(0, 20), inputResponses: YES }),
    ],
    [
      'longer than any',
      (state, mark) =>
        round({ arguments: { mark }, requestState: state.padEnd(1e5, 'A'), inputResponses: YES }),
    ],
    [
      'that is no string',
      (_, mark) => round({ arguments: { mark }, requestState: {}, inputResponses: YES }),
    ],
  ]
  test.each(misuses)('used %s: -32602, no new question, and nothing ran', async (what, use) => {
    const mark = `misuse ${what}`
    const got = await use(await asked(mark), mark)
    expect(got.message.error).toMatchObject({ code: -32602 })
    expect((await recorded()).filter((call) => call.includes(mark))).toEqual([])
  })

  test('of one server at another: -32602', async () => {
    const name = 'test_input_required_result_elicitation'
    const anonymous = await send(platform.origin, {
      path: '/conformance/mcp',
      ...modern('tools/call', { ...CAN_ASK, name }),
    })
    const requestState = anonymous.message.result?.['requestState']
    expect(requestState).toBeTypeOf('string')
    const got = await round({ arguments: { mark: 'foreign' }, requestState, inputResponses: YES })
    expect(got.message.error).toMatchObject({ code: -32602 })
    expect(await recorded()).not.toContain('ask:foreign')
  })

  test.each([
    ['without having been asked', { inputResponses: YES }, false],
    ['under another key', { inputResponses: { other: YES.sure } }, true],
    [
      'of another shape',
      { inputResponses: { sure: { action: 'accept', content: { sure: 'yes' } } } },
      true,
    ],
    ['that is null', { inputResponses: { sure: null } }, true],
    ['named like a member of every object', { inputResponses: { constructor: YES.sure } }, true],
  ])('an answer %s: asked again, and nothing ran', async (what, params, withState) => {
    const mark = `answer ${what}`
    const state = withState ? { requestState: await asked(mark) } : {}
    const got = await round({ arguments: { mark }, ...state, ...params })
    expect(got.message.result).toMatchObject({ resultType: 'input_required' })
    expect(await recorded()).not.toContain(`ask:${mark}`)
  })

  test.each(['decline', 'cancel'])('%s is an answer too', async (action) => {
    const requestState = await asked(action)
    const inputResponses = { sure: { action } }
    const got = await round({ arguments: { mark: action }, requestState, inputResponses })
    expect(textOf(got)).toBe('left alone')
    expect(await recorded()).not.toContain(`ask:${action}`)
  })
})

describe('sessions and their questions, 2025-11-25', () => {
  const initialize = async (token: string): Promise<string> => {
    const params = {
      protocolVersion: LEGACY,
      capabilities: { elicitation: {} },
      clientInfo: { name: 'test', version: '1' },
    }
    const sent = legacy('initialize', params, { token })
    const got = await send(platform.origin, { path: '/trouble/mcp', ...sent })
    return String(got.headers['mcp-session-id'])
  }
  const inSession = (token: string, session: string, message: object, server = 'trouble') => {
    const { headers } = legacy('ping', {}, { token })
    return send(platform.origin, {
      path: `/${server}/mcp`,
      headers: { ...headers, 'mcp-session-id': session },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    })
  }
  const PING = { id: 1, method: 'ping' }

  test('a session id counts for its owner at its server, unaltered, and else is not found', async () => {
    const session = await initialize(alice)
    expect((await inSession(alice, session, PING)).status).toBe(200)
    const elsewhere = await mintToken(platform.mcpUrl('clock'))
    const uses = await Promise.all([
      inSession(mallory, session, PING),
      inSession(elsewhere, session, PING, 'clock'),
      inSession(alice, `${session.slice(0, -2)}AA`, PING),
      inSession(alice, session.slice(0, -1), PING),
      inSession(alice, 'x'.repeat(2000), PING),
      inSession(alice, '', PING),
    ])
    expect(uses.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404])
    for (const { message } of uses) expect(message.error?.message).toBe('Session not found')
  })

  test('another caller cannot answer, end or overhear a question; who was asked can', async () => {
    const session = await initialize(alice)
    const { headers, body } = legacy(
      'tools/call',
      { name: 'ask', arguments: { mark: 'open' } },
      { token: alice },
    )
    const stream = await fetch(platform.mcpUrl('trouble'), {
      method: 'POST',
      headers: { ...headers, 'mcp-session-id': session },
      body,
    })
    const text = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    let received = ''
    while (!received.includes('elicitation/create')) received += (await text.read()).value ?? ''
    const question = messagesOf(received).find(({ method }) => method === 'elicitation/create')
    const answer = { id: question?.id, result: { action: 'accept', content: { sure: true } } }

    expect((await inSession(mallory, session, answer)).status).toBe(404)
    const other = await initialize(mallory)
    expect((await inSession(mallory, other, answer)).status).toBe(202)
    const sameOwner = await initialize(alice)
    expect((await inSession(alice, sameOwner, answer)).status).toBe(202)
    const { headers: deletion } = legacy('x', {}, { token: mallory })
    const deleted = await send(platform.origin, {
      method: 'DELETE',
      path: '/trouble/mcp',
      headers: { ...deletion, 'mcp-session-id': session },
    })
    expect(deleted.status).toBe(404)
    expect(await recorded()).not.toContain('ask:open')

    expect((await inSession(alice, session, answer)).status).toBe(202)
    for (let read = await text.read(); !read.done; read = await text.read()) received += read.value
    expect(messagesOf(received).at(-1)?.result?.content).toMatchObject([{ text: 'done' }])
    expect((await recorded()).filter((call) => call === 'ask:open')).toHaveLength(1)
    // The same answer once more finds no question.
    expect((await inSession(alice, session, answer)).status).toBe(202)
    expect((await recorded()).filter((call) => call === 'ask:open')).toHaveLength(1)
  })
})
