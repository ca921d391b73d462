/** Questions beyond forms: pages, the client's model, its roots (2026-07-28 client/elicitation, sampling, roots). */
import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { defineTool } from '#shared/engine/author/define.ts'
import { startEngine, textOf, type Message, type Sent } from './_harness.ts'

const params = {
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'Hi' } }],
  maxTokens: 5,
}
const engine = await startEngine({
  page: defineTool({
    description: 'Opens a page',
    handler: async (_args, { elicit }) =>
      (await elicit('pay', 'Please pay', { url: 'https://pay.example/1' })).action,
  }),
  plainPage: defineTool({
    description: 'Opens a page nobody should',
    input: z.object({ url: z.string() }),
    handler: async ({ url }, { elicit }) => (await elicit('pay', 'Please pay', { url })).action,
  }),
  sample: defineTool({
    description: 'Samples',
    handler: async (_args, { sample }) => JSON.stringify(await sample('capital', params)),
  }),
  roots: defineTool({
    description: 'Roots',
    handler: async (_args, { roots }) => JSON.stringify(await roots()),
  }),
  all: defineTool({
    description: 'All at once',
    async handler(_args, { elicit, roots, sample }) {
      const form = z.object({ name: z.string() })
      const answers = await Promise.all([
        elicit('name', 'Name?', form),
        sample('capital', params),
        roots('where'),
      ])
      return String(answers.length)
    },
  }),
  offers: defineTool({
    description: 'What the client offers',
    handler: (_args, { client }) => JSON.stringify(client),
  }),
})

const ALL = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }
const SAMPLED = { role: 'assistant', content: { type: 'text', text: 'Paris' }, model: 'm' }

/** A first round, then the second with these answers. */
async function rounds(tool: string, inputResponses: object, sent: Sent = {}): Promise<Message> {
  const first = await engine.call(tool, {}, { capabilities: ALL })
  const { requestState } = first.result
  return engine.call(
    tool,
    {},
    { capabilities: ALL, params: { requestState, inputResponses }, ...sent },
  )
}

describe('a page', () => {
  it('goes out in url mode, and what the user did comes back', async () => {
    const first = await engine.call('page', {}, { capabilities: ALL })
    expect(first.result.inputRequests).toEqual({
      pay: {
        method: 'elicitation/create',
        params: { mode: 'url', message: 'Please pay', url: 'https://pay.example/1' },
      },
    })
    for (const action of ['accept', 'decline', 'cancel']) {
      expect(textOf(await rounds('page', { pay: { action } }))).toBe(action)
    }
  })

  it('is asked again when the answer is none', async () => {
    const again = await rounds('page', { pay: { action: 'maybe' } })
    expect(again.result.resultType).toBe('input_required')
  })

  it.each([
    'javascript:alert(1)',
    'javascript://localhost/%0aalert(1)',
    'http://pay.example/',
    'no-url',
  ])('at %s is masked, and never sent', async (url) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { result } = await engine.call('plainPage', { url }, { capabilities: ALL })
    expect(result.isError).toBe(true)
    expect(JSON.stringify(result)).not.toContain(url)
    vi.restoreAllMocks()
  })
})

describe('sampling', () => {
  it('goes out word for word, and its answer comes back checked', async () => {
    const first = await engine.call('sample', {}, { capabilities: ALL })
    expect(first.result.inputRequests).toEqual({
      capital: { method: 'sampling/createMessage', params },
    })
    const second = await rounds('sample', { capital: { ...SAMPLED, stray: 1 } })
    expect(JSON.parse(textOf(second) ?? '')).toEqual(SAMPLED)
  })

  it.each([
    { ...SAMPLED, role: 'system' },
    { ...SAMPLED, content: 'Paris' },
    { ...SAMPLED, content: [7] },
    { ...SAMPLED, model: undefined },
    'Paris',
    null,
  ])('is asked again when the answer is %j', async (capital) => {
    expect((await rounds('sample', { capital })).result.resultType).toBe('input_required')
  })
})

describe('roots', () => {
  it('go out without params, and come back as uri and name', async () => {
    const first = await engine.call('roots', {}, { capabilities: ALL })
    expect(first.result.inputRequests).toEqual({ roots: { method: 'roots/list' } })
    const roots = [{ uri: 'file:///a', name: 'a', other: 1 }, { uri: 'file:///b' }]
    const second = await rounds('roots', { roots: { roots } })
    expect(textOf(second)).toBe('[{"uri":"file:///a","name":"a"},{"uri":"file:///b"}]')
  })

  it.each([{ roots: 'x' }, { roots: [{ name: 'a' }] }, { roots: [{ uri: 'a', name: 7 }] }, {}])(
    'are asked for again when the answer is %j',
    async (roots) => {
      expect((await rounds('roots', { roots })).result.resultType).toBe('input_required')
    },
  )
})

describe('questions of all kinds', () => {
  it('go out together, and unanswered ones again', async () => {
    const first = await engine.call('all', {}, { capabilities: ALL })
    expect(Object.keys(first.result.inputRequests)).toEqual(['name', 'capital', 'where'])
    const second = await rounds('all', { capital: SAMPLED })
    expect(Object.keys(second.result.inputRequests)).toEqual(['name', 'where'])
  })

  it('an answer of one kind is none to another under the same key', async () => {
    const { result } = await rounds('all', {
      name: SAMPLED,
      capital: { action: 'accept' },
      where: SAMPLED,
    })
    expect(Object.keys(result.inputRequests)).toHaveLength(3)
  })

  it.each([
    ['page', { elicitation: { form: {} } }, { elicitation: { url: {} } }],
    ['page', { elicitation: {} }, { elicitation: { url: {} } }],
    ['sample', { elicitation: {}, roots: {} }, { sampling: {} }],
    ['roots', { sampling: {} }, { roots: {} }],
    ['all', { elicitation: { url: {} } }, { elicitation: { form: {} } }],
  ])('%s of a client that declares %j is −32021', async (tool, capabilities, required) => {
    const { error } = await engine.call(tool, {}, { capabilities })
    expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: required } })
  })

  it('a tool can see what the client offers', async () => {
    const offers = async (capabilities: Record<string, unknown>): Promise<unknown> =>
      JSON.parse(textOf(await engine.call('offers', {}, { capabilities })) ?? '')
    expect(await offers({})).toEqual({
      elicit: false,
      elicitUrl: false,
      sample: false,
      roots: false,
    })
    expect(await offers(ALL)).toEqual({ elicit: true, elicitUrl: true, sample: true, roots: true })
    expect(await offers({ elicitation: {} })).toMatchObject({ elicit: true, elicitUrl: false })
  })
})
