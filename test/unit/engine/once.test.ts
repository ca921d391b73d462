/** `once`, run ids, and the claim of a user's answers (DESIGN §4.6). */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { randomId } from '#shared/lib/random-id.ts'
import { STEP_RESULT_MAX_BYTES, STEPS_PER_RUN_MAX } from '#shared/services/limits.ts'
import { defineTool, type Tool, type ToolAnnotations } from '#shared/engine/author/define.ts'
import { ALICE, MALLORY, startEngine, textOf, type Message, type Sent } from './_harness.ts'

const act = vi.fn<(key: string) => unknown>()
const paid = vi.fn<(idempotencyKey: string) => string>()
beforeEach(() => {
  act.mockReset()
  paid.mockReset().mockReturnValue('receipt')
})

const ask = z.object({ ok: z.boolean() })

/** Asks, pays once, asks again, says what it did. */
const buys = (annotations: ToolAnnotations): Tool =>
  defineTool({
    description: 'Buys',
    input: z.object({ item: z.string() }),
    annotations,
    async handler(_args, { elicit, once }) {
      await elicit('first', 'Buy?', ask)
      const receipt = await once('pay', paid)
      await elicit('second', 'Send a mail?', ask)
      act('done')
      return receipt
    },
  })

const engine = await startEngine({
  buy: buys({ destructiveHint: true }),
  buyAgain: buys({ idempotentHint: true }),
  step: defineTool({
    description: 'Takes steps',
    input: z.object({ key: z.string().default('a') }),
    handler: ({ key }, { once }) => once(key, () => act(key)),
  }),
  twice: defineTool({
    description: 'Takes one step twice at once',
    handler: (_args, { once }) =>
      Promise.all([once('a', () => act('a')), once('a', () => act('a'))]),
  }),
  many: defineTool({
    description: 'Takes too many steps',
    async handler(_args, { once }) {
      for (let n = 0; n <= STEPS_PER_RUN_MAX; n++) await once(`${n}`, () => act('n'))
    },
  }),
})

const answered = (key: string) => ({ [key]: { action: 'accept', content: { ok: true } } })
const retry = (last: Message, key: string, tool = 'buy', sent: Sent = {}, args = { item: 'x' }) =>
  engine.call(tool, args, {
    ...sent,
    params: { inputResponses: answered(key), requestState: last.result.requestState },
  })
const USED = { error: { code: -32602, data: { reason: 'request_state_used' } } }

describe('the answers of a user', () => {
  it('count once: the same requestState again is refused before anything runs', async () => {
    const first = await engine.call('buy', { item: 'x' })
    const second = await retry(first, 'first')
    expect(textOf(await retry(second, 'second'))).toBe('receipt')
    expect(await retry(second, 'second')).toMatchObject(USED)
    // An earlier round of the same run is as dead as the last.
    expect(await retry(first, 'first')).toMatchObject(USED)
    expect(act).toHaveBeenCalledTimes(1)
    expect(paid).toHaveBeenCalledTimes(1)
  })

  it('count once, also when two arrive at the same moment', async () => {
    const first = await engine.call('buy', { item: 'x' })
    const second = await retry(first, 'first')
    const both = await Promise.all([retry(second, 'second'), retry(second, 'second')])
    expect(both.filter((message) => 'error' in message)).toHaveLength(1)
    expect(act).toHaveBeenCalledTimes(1)
  })

  it('may be sent again while they only led to the next question', async () => {
    const first = await engine.call('buy', { item: 'x' })
    const lost = await retry(first, 'first')
    const again = await retry(first, 'first')
    expect(lost.result.resultType).toBe('input_required')
    expect(textOf(await retry(again, 'second'))).toBe('receipt')
    expect(await retry(lost, 'second')).toMatchObject(USED)
    expect(paid).toHaveBeenCalledTimes(1)
  })

  it('may be sent again to a tool that is idempotent', async () => {
    const first = await engine.call('buyAgain', { item: 'x' })
    const second = await retry(first, 'first', 'buyAgain')
    await retry(second, 'second', 'buyAgain')
    expect(textOf(await retry(second, 'second', 'buyAgain'))).toBe('receipt')
    expect(act).toHaveBeenCalledTimes(2)
    expect(paid).toHaveBeenCalledTimes(1)
  })

  it('use nothing up when they come with other arguments or from another principal', async () => {
    const first = await engine.call('buy', { item: 'x' })
    const refused = { error: { data: { reason: 'invalid_request_state' } } }
    expect(await retry(first, 'first', 'buy', {}, { item: 'y' })).toMatchObject(refused)
    expect(await retry(first, 'first', 'buy', { principal: MALLORY })).toMatchObject(refused)
    expect((await retry(first, 'first')).result.resultType).toBe('input_required')
  })

  it('are refused, masked, where the server has no binding', async () => {
    const log = vi.spyOn(console, 'error')
    const first = await engine.call('buy', { item: 'x' })
    const message = await retry(first, 'first', 'buy', { env: { PLATFORM: undefined } })
    expect(message.error.message).toMatch(/^Internal error/)
    expect(String(log.mock.calls.at(-1)?.[0])).toContain('there is no binding PLATFORM')
    expect(paid).not.toHaveBeenCalled()
  })
})

describe('once', () => {
  it('hands back what was recorded, as JSON says it, from the first time on', async () => {
    act.mockReturnValue({ at: new Date(0), gone: undefined })
    expect(textOf(await engine.call('step'))).toBe('{"at":"1970-01-01T00:00:00.000Z"}')
  })

  it('hands on an idempotency key of the run and the step, the same in every round', async () => {
    const first = await engine.call('buy', { item: 'x' })
    const attempts = [await retry(first, 'first')]
    const [[key]] = paid.mock.calls as [[string]]
    expect(key).toMatch(/^[\w-]{43}$/)
    await retry(attempts[0]!, 'second')
    await retry(await engine.call('buy', { item: 'x' }), 'first')
    expect(paid.mock.calls[1]?.[0]).not.toBe(key)
  })

  it('records nothing of what failed, and tries it again in the next run of the same call', async () => {
    const run = { id: randomId(), keptSeconds: 60 }
    act.mockRejectedValueOnce(new Error('down')).mockReturnValue('up')
    // Of a task, what nobody foresaw is an error (SEP-2663).
    expect((await engine.call('step', {}, { decision: { run } })).error?.code).toBe(-32603)
    expect(textOf(await engine.call('step', {}, { decision: { run } }))).toBe('up')
    expect(textOf(await engine.call('step', {}, { decision: { run } }))).toBe('up')
    expect(act).toHaveBeenCalledTimes(2)
  })

  it('remembers that a step which answers nothing was taken', async () => {
    const decision = { run: { id: randomId(), keptSeconds: 60 } }
    await engine.call('step', {}, { decision })
    await engine.call('step', {}, { decision })
    expect(act).toHaveBeenCalledTimes(1)
  })

  it('takes steps of one key at once as one step', async () => {
    act.mockReturnValue(1)
    expect(textOf(await engine.call('twice'))).toBe('[1,1]')
    expect(act).toHaveBeenCalledTimes(1)
  })

  it('of two attempts at once, lets the result count that was recorded first', async () => {
    const decision = { run: { id: randomId(), keptSeconds: 60 } }
    const gate = Promise.withResolvers<string>()
    act.mockReturnValueOnce(gate.promise).mockReturnValueOnce('fast')
    const slow = engine.call('step', {}, { decision })
    // Which of two calls started together runs its step first is nobody's promise.
    await vi.waitFor(() => expect(act).toHaveBeenCalledTimes(1), { timeout: 10_000 })
    expect(textOf(await engine.call('step', {}, { decision }))).toBe('fast')
    gate.resolve('slow')
    expect(textOf(await slow)).toBe('fast')
  })

  it.each([
    ['what JSON has no words for', () => () => 1],
    ['a result over its bound', () => 'x'.repeat(STEP_RESULT_MAX_BYTES)],
  ])('refuses %s, masked', async (_, result) => {
    act.mockImplementation(result)
    expect(textOf(await engine.call('step'))).toMatch(/^Internal error/)
  })

  it('refuses a key over its bound and steps over theirs, masked', async () => {
    expect(textOf(await engine.call('step', { key: 'k'.repeat(300) }))).toMatch(/^Internal/)
    expect(textOf(await engine.call('many'))).toMatch(/^Internal error/)
    expect(act.mock.calls.length).toBeLessThanOrEqual(STEPS_PER_RUN_MAX + 2)
  })

  it('says in the log that the router sent no capability', async () => {
    const log = vi.spyOn(console, 'error')
    const { subject } = ALICE
    const decision = { capability: undefined } as unknown as NonNullable<Sent['decision']>
    const message = await engine.call('step', {}, { decision })
    expect(textOf(message)).toMatch(/^Internal error/)
    const line = String(log.mock.calls.at(-1)?.[0])
    expect(line).toContain('the router sent no capability')
    expect(line).not.toContain(subject)
  })
})
