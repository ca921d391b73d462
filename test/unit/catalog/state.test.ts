/** Labels of one server: what a deploy and an operator's word make of them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_POLICY } from '#shared/catalog/entry.ts'
import { ok } from '#shared/lib/result.ts'
import {
  approve,
  type Canary,
  deployed,
  firstState,
  promote,
  reject,
  retune,
  rollBack,
  type ServerState,
  startCanary,
} from '../../../durable-objects/catalog/state.ts'

const auto = firstState(DEFAULT_POLICY, 'one', false)
const review = firstState({ ...DEFAULT_POLICY, publish: 'review' }, 'one', false)
const live = (state: ServerState) => state.live.digest
const taken = (step: ReturnType<typeof approve>): ServerState => {
  if (!step.ok) throw new Error(step.failure.detail)
  return step.value
}
const canaryOf = (more: Partial<Canary>): Canary => ({
  digest: 'one',
  tuning: {},
  percent: 20,
  clients: [],
  seed: 's',
  sinceMs: 0,
  by: 'ada',
  ...more,
})

describe('a deploy', () => {
  test('goes live at once under auto, waits under review, and for whom a check refused', () => {
    expect(deployed(auto, 'two', undefined, false)).toMatchObject({
      live: { digest: 'two' },
      previous: { digest: 'one' },
    })
    expect(deployed(review, 'two', undefined, false)).toMatchObject({
      live: { digest: 'one' },
      waiting: 'two',
    })
    expect(deployed(auto, 'two', undefined, true)).toMatchObject({
      live: { digest: 'one' },
      waiting: 'two',
    })
  })

  test('of what is live already changes nothing, and takes a waiting one back', () => {
    expect(deployed(auto, 'one', undefined, false)).toBe(auto)
    const waits = deployed(review, 'two', undefined, false)
    expect(deployed(waits, 'one', undefined, false).waiting).toBeUndefined()
  })

  test('of what was rolled back does not come live again by itself; the next one does', () => {
    const back = taken(rollBack(deployed(auto, 'two', undefined, false)))
    expect(live(back)).toBe('one')
    expect(deployed(back, 'two', undefined, false)).toBe(back)
    expect(live(deployed(back, 'three', undefined, false))).toBe('three')
    expect(live(taken(approve(back, 'two')))).toBe('two')
  })

  test('of what was rejected stays out until it is approved', () => {
    const no = taken(reject(deployed(review, 'two', undefined, false), 'two'))
    expect(no.waiting).toBeUndefined()
    expect(deployed({ ...no, policy: DEFAULT_POLICY }, 'two', undefined, false).live.digest).toBe(
      'one',
    )
  })

  test("keeps the operator's words, and a canary of words follows the code", () => {
    const tuning = { instructions: 'Be kind' }
    const tuned = { ...auto, live: { digest: 'one', tuning } }
    const gray = taken(startCanary(tuned, canaryOf({ tuning: { instructions: 'Be kinder' } })))
    const next = deployed(gray, 'two', undefined, false)
    expect(next.live).toEqual({ digest: 'two', tuning })
    expect(next.canary?.digest).toBe('two')
  })

  test('that waits takes a canary of words along when it is approved', () => {
    const gray = taken(startCanary(review, canaryOf({ tuning: { instructions: 'Be kind' } })))
    const waits = deployed(gray, 'two', undefined, false)
    expect([waits.live.digest, waits.canary?.digest]).toEqual(['one', 'one'])
    const next = taken(approve(waits, 'two'))
    expect([next.live.digest, next.canary?.digest]).toEqual(['two', 'two'])
  })

  test('of other code takes over from a canary that was promoted; the old code does not', () => {
    const gray = taken(startCanary(auto, canaryOf({ digest: 'two', script: 'canary' })))
    const promoted = taken(promote(gray))
    expect(live(deployed(promoted, 'one', undefined, false))).toBe('two')
    const next = deployed(promoted, 'three', undefined, false)
    expect(next.live).toEqual({ digest: 'three', tuning: {} })
    // Rolled back, the old code is wanted again.
    expect(taken(rollBack(promoted))).toMatchObject({ live: { digest: 'one' }, held: ['two'] })
  })
})

describe('a canary', () => {
  test('of what is shown anyway, or of code that does not run, is refused', () => {
    expect(startCanary(auto, canaryOf({})).ok).toBe(false)
    expect(startCanary(auto, canaryOf({ digest: 'two' })).ok).toBe(false)
    expect(startCanary(auto, canaryOf({ digest: 'two', script: 'canary' })).ok).toBe(true)
    expect(startCanary(auto, canaryOf({ digest: 'two', codeVersion: 'v' })).ok).toBe(true)
  })

  test('of code, promoted, runs beside until the server itself is the same', () => {
    const gray = taken(startCanary(auto, canaryOf({ digest: 'two', script: 'canary' })))
    const next = taken(promote(gray))
    expect(next).toMatchObject({
      live: { digest: 'two', script: 'canary' },
      previous: { digest: 'one' },
    })
    expect(next.canary).toBeUndefined()
    // The old code, still deployed under the server's name, is no news.
    expect(deployed(next, 'one', undefined, false)).toBe(next)
    expect(deployed(next, 'two', undefined, false).live).toEqual({ digest: 'two', tuning: {} })
  })

  test('of words is refused while what is live runs beside the server', () => {
    for (const code of [{ script: 'canary' as const }, { codeVersion: 'v' }]) {
      const gray = taken(startCanary(auto, canaryOf({ digest: 'two', ...code })))
      const words = canaryOf({ digest: 'two', tuning: { instructions: 'Be kind' } })
      const promoted = taken(promote(gray))
      expect(startCanary(promoted, words).ok).toBe(false)
      expect(startCanary(deployed(promoted, 'two', undefined, false), words).ok).toBe(true)
    }
  })

  test('taken back leaves what is live, and its code stays out', () => {
    const gray = taken(startCanary(auto, canaryOf({ digest: 'two', script: 'canary' })))
    const back = taken(rollBack(gray))
    expect(back.canary).toBeUndefined()
    expect([live(back), back.held]).toEqual(['one', ['two']])
  })
})

test('a rollback of words does not hold back the code they were about', () => {
  const tuned = taken(retune(auto, undefined, () => ok({ instructions: 'Worse' })))
  const back = taken(rollBack(tuned))
  expect([back.live.tuning, back.held]).toEqual([{}, []])
})

test('a rollback never changes who may see what', () => {
  const open = deployed(auto, 'two', undefined, false)
  const closed: ServerState = {
    ...open,
    policy: { ...open.policy, rules: [{ effect: 'deny' }] },
    off: ['tool:drop'],
    enabled: false,
  }
  const { policy, off, enabled } = taken(rollBack(closed))
  expect({ policy, off, enabled }).toEqual({
    policy: closed.policy,
    off: closed.off,
    enabled: false,
  })
})

describe('whatever is done in whatever order', () => {
  const DIGESTS = ['one', 'two', 'three'] as const
  const digests = fc.constantFrom(...DIGESTS)
  const words = { instructions: 'Be kind' }
  const codes = fc.constantFrom({}, { script: 'canary' as const }, { codeVersion: 'v' })
  type Act = (state: ServerState) => ServerState
  const orElse = (state: ServerState, step: ReturnType<typeof approve>): ServerState =>
    step.ok ? step.value : state
  const acts: fc.Arbitrary<Act> = fc.oneof(
    fc
      .record({ digest: digests, beside: fc.boolean(), odd: fc.boolean() })
      .map(({ digest, beside, odd }): Act => {
        return (state) => deployed(state, digest, beside ? 'canary' : undefined, odd)
      }),
    digests.map(
      (digest): Act =>
        (state) =>
          orElse(state, approve(state, digest)),
    ),
    digests.map(
      (digest): Act =>
        (state) =>
          orElse(state, reject(state, digest)),
    ),
    fc.record({ digest: digests, code: codes }).map(({ digest, code }): Act => {
      return (state) => orElse(state, startCanary(state, canaryOf({ digest, ...code })))
    }),
    fc.constantFrom<Act>(
      (state) =>
        orElse(state, startCanary(state, canaryOf({ digest: live(state), tuning: words }))),
      (state) => orElse(state, promote(state)),
      (state) => orElse(state, rollBack(state)),
    ),
  )
  const states = fc
    .record({ first: fc.constantFrom(auto, review), all: fc.array(acts, { maxLength: 12 }) })
    .map(({ first, all }) => all.reduce((state, act) => act(state), first))

  test('a canary of words is of the code that is live, and what is live is not held back', () => {
    fc.assert(
      fc.property(states, ({ canary, live: shown, held, waiting }) => {
        const ofWords = canary && canary.script === undefined && canary.codeVersion === undefined
        if (ofWords) expect(canary.digest).toBe(shown.digest)
        if (ofWords) expect([shown.script, shown.codeVersion]).toEqual([undefined, undefined])
        expect(held).not.toContain(shown.digest)
        expect(waiting).not.toBe(shown.digest)
      }),
      { numRuns: 3_000 },
    )
  })
})
