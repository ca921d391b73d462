import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { defineTool } from '#shared/engine/author/define.ts'
import { ALICE, MALLORY, startEngine, textOf, type Message, type Sent } from './_harness.ts'

const deleted = vi.fn<(tag: string) => void>()
let notes = 3

const engine = await startEngine({
  purge: defineTool({
    description: 'Deletes after asking',
    input: z.object({ tag: z.string(), dryRun: z.boolean().optional() }),
    annotations: { destructiveHint: true },
    async handler({ tag }, { elicit }) {
      const form = z.object({ confirm: z.boolean() })
      const answer = await elicit('confirm', `Delete ${notes} notes?`, form)
      if (answer.action !== 'accept' || !answer.content.confirm) return `kept: ${answer.action}`
      deleted(tag)
      return 'deleted'
    },
  }),
  both: defineTool({
    description: 'Asks two things at once',
    async handler(_args, { elicit }) {
      const [name, color] = await Promise.all([
        elicit('name', 'Name?', z.object({ name: z.string() })),
        elicit('color', 'Color?', z.object({ color: z.string() })),
      ])
      return [name, color].map((answer) => (answer.action === 'accept' ? answer.content : null))
    },
  }),
  swallows: defineTool({
    description: 'Catches everything around its question',
    async handler(_args, { elicit }) {
      try {
        await elicit('confirm', 'Sure?', z.object({ ok: z.boolean() }))
      } catch {
        deleted('swallowed')
      }
      return 'done'
    },
  }),
  forgets: defineTool({
    description: 'Does not wait for its question',
    handler(_args, { elicit }) {
      void elicit('confirm', 'Sure?', z.object({ ok: z.boolean() }))
      return 'done'
    },
  }),
  endless: defineTool({
    description: 'Asks something new each time',
    async handler(_args, { elicit }) {
      for (let n = 0; ; n++) await elicit(`q${n}`, `Question ${n}?`, z.object({}))
    },
  }),
  hello: defineTool({
    description: 'Reads only',
    annotations: { readOnlyHint: true },
    async handler(_args, { elicit }) {
      const answer = await elicit('user_name', 'Your name?', z.object({ name: z.string() }))
      return answer.action === 'accept' ? `Hello, ${answer.content.name}!` : 'Hello!'
    },
  }),
  nested: defineTool({
    description: 'Asks what no form can',
    async handler(_args, { elicit }) {
      await elicit('x', 'X?', z.object({ deep: z.object({ er: z.string() }) }))
    },
  }),
})

const accept = (content: object) => ({ action: 'accept', content })

/** Repeats a call with answers and the state of its last round. */
const retry = (
  tool: string,
  args: object,
  last: Message,
  inputResponses: Record<string, unknown>,
  sent: Sent = {},
): Promise<Message> =>
  engine.call(tool, args, {
    ...sent,
    params: { inputResponses, requestState: last.result.requestState },
  })

const badState = { code: -32602, message: 'Invalid or expired requestState' }

describe('a question', () => {
  it('ends the round with input_required, and nothing after it runs', async () => {
    const { result } = await engine.call('purge', { tag: 'x' })
    expect(result).toEqual({
      resultType: 'input_required',
      inputRequests: {
        confirm: {
          method: 'elicitation/create',
          params: {
            mode: 'form',
            message: 'Delete 3 notes?',
            requestedSchema: {
              type: 'object',
              properties: { confirm: { type: 'boolean' } },
              required: ['confirm'],
            },
          },
        },
      },
      requestState: expect.stringMatching(/^k1\./) as string,
      _meta: expect.anything() as object,
    })
    expect(deleted).not.toHaveBeenCalled()
  })

  it('answered, lets the handler act once', async () => {
    const asked = await engine.call('purge', { tag: 'x' })
    const done = await retry('purge', { tag: 'x' }, asked, { confirm: accept({ confirm: true }) })
    expect(textOf(done)).toBe('deleted')
    expect(deleted).toHaveBeenCalledExactlyOnceWith('x')
    deleted.mockClear()
  })

  it.each(['decline', 'cancel'])('may be answered with %s', async (action) => {
    const asked = await engine.call('purge', { tag: 'x' })
    const done = await retry('purge', { tag: 'x' }, asked, { confirm: { action } })
    expect(textOf(done)).toBe(`kept: ${action}`)
  })

  it('is asked anew when its words changed between the rounds', async () => {
    const asked = await engine.call('purge', { tag: 'x' })
    notes = 4
    const again = await retry('purge', { tag: 'x' }, asked, { confirm: accept({ confirm: true }) })
    expect(again.result.inputRequests['confirm']?.params['message']).toBe('Delete 4 notes?')
    notes = 3
  })

  it.each([
    ['is missing', {}],
    ['stands under another key', { other: accept({ confirm: true }) }],
    ['is no object', { confirm: 12345 }],
    ['does not fit the form', { confirm: accept({ confirm: 'yes' }) }],
    ['names no known action', { confirm: { action: 'maybe' } }],
  ])('is asked again when its answer %s', async (_what, responses) => {
    const asked = await engine.call('purge', { tag: 'x' })
    const again = await retry('purge', { tag: 'x' }, asked, responses)
    expect(again.result.resultType).toBe('input_required')
    expect(again.result.requestState).not.toBe(asked.result.requestState)
  })

  it('goes out together with the others asked at the same time', async () => {
    const asked = await engine.call('both')
    expect(Object.keys(asked.result.inputRequests)).toEqual(['name', 'color'])
    const half = await retry('both', {}, asked, { name: accept({ name: 'Ada' }) })
    expect(Object.keys(half.result.inputRequests)).toEqual(['color'])
    const done = await retry('both', {}, half, { color: accept({ color: 'blue' }) })
    expect(textOf(done)).toBe('[{"name":"Ada"},{"color":"blue"}]')
  })

  it.each(['swallows', 'forgets'])('is not lost on a handler that %s it', async (tool) => {
    const { result } = await engine.call(tool)
    expect(result.resultType).toBe('input_required')
    expect(deleted).not.toHaveBeenCalled()
  })

  it('is refused by the capability when the client cannot ask (−32021)', async () => {
    for (const capabilities of [{}, { elicitation: { url: {} } }]) {
      const response = await engine.send({ params: { name: 'both' }, capabilities })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        error: { code: -32021, data: { requiredCapabilities: { elicitation: { form: {} } } } },
      })
    }
  })

  it('no form can ask is the author’s mistake, masked', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { result } = await engine.call('nested')
    expect(result.content[0]?.text).toMatch(/^Internal error/)
    expect(String(log.mock.lastCall?.[0])).toContain('field \\"deep\\"')
    log.mockRestore()
  })
})

describe('requestState (patterns/mrtr; DESIGN §4.6)', () => {
  const answer = { confirm: accept({ confirm: true }) }
  const refused = async (message: Promise<Message>): Promise<void> => {
    expect((await message).error).toMatchObject(badState)
    expect(deleted).not.toHaveBeenCalled()
  }

  it('is refused when tampered with', async () => {
    const asked = await engine.call('purge', { tag: 'x' })
    const { requestState } = asked.result
    const flipped = requestState.slice(0, -2) + (requestState.endsWith('AA') ? 'BB' : 'AA')
    for (const state of [`${requestState}-TAMPERED`, flipped, 'k1.', 'nonsense', 7]) {
      await refused(
        engine.call(
          'purge',
          { tag: 'x' },
          { params: { inputResponses: answer, requestState: state } },
        ),
      )
    }
  })

  it('is refused from another principal, and another tenant', async () => {
    const asked = await engine.call('purge', { tag: 'x' })
    for (const principal of [MALLORY, { ...ALICE, tenant: 'other' }]) {
      await refused(retry('purge', { tag: 'x' }, asked, answer, { principal }))
    }
  })

  it('is refused with other arguments', async () => {
    const asked = await engine.call('purge', { tag: 'x' })
    await refused(retry('purge', { tag: 'y' }, asked, answer))
    await refused(retry('purge', { tag: 'x', dryRun: false }, asked, answer))
  })

  it('is accepted with the same arguments in another order (RFC 8785)', async () => {
    const asked = await engine.call('purge', { tag: 'x', dryRun: true })
    const done = await retry('purge', { dryRun: true, tag: 'x' }, asked, {})
    expect(done.result.resultType).toBe('input_required')
  })

  it('is refused by another tool', async () => {
    const asked = await engine.call('both', {})
    await refused(retry('swallows', {}, asked, {}))
  })

  it('is refused when sealed with a key that is no longer accepted', async () => {
    const seal = await deriveSealKeys(`k1:${Buffer.alloc(32, 9).toString('base64url')}`, 'notes')
    const asked = await engine.call('purge', { tag: 'x' }, { decision: { seal } })
    await refused(retry('purge', { tag: 'x' }, asked, answer))
  })

  it('is refused after an hour', async () => {
    const asked = await engine.call('purge', { tag: 'x' })
    vi.useFakeTimers({ now: Date.now() + 3_601_000, toFake: ['Date'] })
    try {
      await refused(retry('purge', { tag: 'x' }, asked, answer))
    } finally {
      vi.useRealTimers()
    }
  })

  it('carries eight rounds and no ninth', async () => {
    let last = await engine.call('endless')
    for (let round = 1; round < 8; round++) {
      last = await retry('endless', {}, last, { [`q${round - 1}`]: accept({}) })
      expect(Object.keys(last.result.inputRequests)).toEqual([`q${round}`])
    }
    const ninth = await retry('endless', {}, last, { q7: accept({}) })
    expect(ninth.error).toMatchObject({ code: -32602 })
  })

  it('answers are refused that are no object (−32602)', async () => {
    for (const inputResponses of [null, [], 'x']) {
      const { error } = await engine.call('purge', { tag: 'x' }, { params: { inputResponses } })
      expect(error.code).toBe(-32602)
    }
  })

  it('is needed for consent: an answer nobody asked for does not count', async () => {
    const params = { inputResponses: answer }
    const { result } = await engine.call('purge', { tag: 'x' }, { params })
    expect(result.resultType).toBe('input_required')
    expect(deleted).not.toHaveBeenCalled()
  })

  it('is not needed by a tool that only reads, and unknown keys are ignored', async () => {
    const inputResponses = { user_name: accept({ name: 'Ada' }), other: accept({ foo: 1 }) }
    expect(textOf(await engine.call('hello', {}, { params: { inputResponses } }))).toBe(
      'Hello, Ada!',
    )
    const wrong = { user_name: accept({ name: 7 }) }
    const again = await engine.call('hello', {}, { params: { inputResponses: wrong } })
    expect(again.result.resultType).toBe('input_required')
  })
})
