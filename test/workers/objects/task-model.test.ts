/** Random interleavings of get, update and cancel, evictions between them, against what a task may be (SEP-2663). */
import { evictDurableObject } from 'cloudflare:test'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  asks,
  recordOf,
  says,
  seen,
  show,
  started,
  until,
  type Shown,
  type TaskStub,
} from './_tasks.ts'

const ROUNDS = [asks(1, 'a', 'b'), asks(2, 'c'), says('done')]
const KEYS = ['1:a', '1:b', '2:c', '2:a', 'unknown'] as const

type Step =
  | { kind: 'get' | 'cancel' | 'evict' | 'settle' }
  | { kind: 'update'; keys: (typeof KEYS)[number][]; valid: boolean }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'get' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cancel' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'evict' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'settle' } as const) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      keys: fc.uniqueArray(fc.constantFrom(...KEYS)),
      valid: fc.boolean(),
    }),
  },
)

/** The only ways on. */
const NEXT: Record<string, readonly string[]> = {
  working: ['working', 'input_required', 'completed', 'cancelled'],
  input_required: ['working', 'input_required', 'completed', 'cancelled'],
  completed: ['completed'],
  cancelled: ['cancelled'],
}

/** What all that is seen of one task, in order, must agree on. */
class Model {
  #last: Shown | undefined
  readonly #closed = new Set<string>()

  sees(shown: Shown): void {
    const before = this.#last
    this.#last = shown
    const open = Object.keys(shown.inputRequests ?? {})
    expect('inputRequests' in shown).toBe(shown.status === 'input_required')
    expect('result' in shown).toBe(shown.status === 'completed')
    expect('error' in shown).toBe(shown.status === 'failed')
    if (shown.status === 'input_required') expect(open).not.toHaveLength(0)
    if (!before) return
    expect(NEXT[before.status]).toContain(shown.status)
    expect(shown.lastUpdatedAt >= before.lastUpdatedAt).toBe(true)
    if (isFinal(before)) expect(shown).toEqual(before)
    for (const key of Object.keys(before.inputRequests ?? {})) {
      if (!open.includes(key)) this.#closed.add(key)
    }
    for (const key of open) expect(this.#closed.has(key), `${key} came back`).toBe(false)
  }
}

const isFinal = ({ status }: Shown): boolean => status === 'completed' || status === 'cancelled'
const settled = (stub: TaskStub): Promise<Shown> =>
  until(stub, ({ status }) => status !== 'working')

async function take(stub: TaskStub, model: Model, one: Step): Promise<void> {
  switch (one.kind) {
    case 'get':
      return model.sees(await show(stub))
    case 'settle':
      return model.sees(await settled(stub))
    case 'cancel':
      await stub.cancel([])
      expect(isFinal(await show(stub))).toBe(true)
      return
    case 'evict':
      await settled(stub)
      return evictDurableObject(stub)
    case 'update': {
      const answers = one.keys.map((key) => [key, one.valid ? { action: 'accept', key } : 'no'])
      await stub.update(recordOf(), Object.fromEntries(answers) as Record<string, unknown>)
    }
  }
}

it('holds in 40 random histories of 12 steps: final is final, no question comes back, no round runs twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { taskId, stub } = await started({ rounds: ROUNDS })
      const model = new Model()
      for (const one of steps) await take(stub, model, one)
      model.sees(await settled(stub))
      const { runs } = await seen(taskId)
      const states = runs.map(({ body }) => body.params['requestState'] ?? '0')
      expect(new Set(states).size).toBe(states.length)
    }),
    { numRuns: 40 },
  )
})

it('of an answer and a cancel at once, one wins, and what the other says is the truth', async () => {
  for (let round = 0; round < 20; round++) {
    const { taskId, stub } = await started({ rounds: [asks(1, 'a'), says('done')] })
    await settled(stub)
    await Promise.all(
      round % 2 === 0
        ? [stub.update(recordOf(), { '1:a': { action: 'accept' } }), stub.cancel([])]
        : [stub.cancel([]), stub.update(recordOf(), { '1:a': { action: 'accept' } })],
    )
    const first = await until(stub, isFinal)
    await evictDurableObject(stub)
    expect(await show(stub)).toEqual(first)
    expect((await seen(taskId)).attempts).toBeLessThanOrEqual(2)
  }
})
