/** The isolate's own memory of proofs: best effort beside the strict Replay object. */
import { expect, it } from 'vitest'
import { createReplayGuard } from '#shared/identity/replay.ts'

const proof = (jti: string, changes = {}) => ({
  jkt: 'key',
  jti,
  target: 'https://a/x',
  ...changes,
})

it('takes a proof once, and tells keys and targets apart', () => {
  const guard = createReplayGuard()
  expect(guard.claim(proof('a'), 0)).toBe(true)
  expect(guard.claim(proof('a'), 0)).toBe(false)
  expect(guard.claim(proof('a', { jkt: 'other' }), 0)).toBe(true)
  expect(guard.claim(proof('a', { target: 'https://a/y' }), 0)).toBe(true)
})

it('remembers for ten minutes at least, and twice that at most', () => {
  const guard = createReplayGuard()
  guard.claim(proof('a'), 599)
  expect(guard.claim(proof('a'), 1198)).toBe(false)
  expect(guard.claim(proof('b'), 1800)).toBe(true)
  expect(guard.claim(proof('a'), 2400)).toBe(true)
})

it('is bounded: the oldest generation goes first', () => {
  const guard = createReplayGuard()
  guard.claim(proof('first'), 600)
  for (let n = 0; n < 40_000; n += 1) guard.claim(proof(String(n)), 600)
  expect(guard.claim(proof('39999'), 600)).toBe(false)
  expect(guard.claim(proof('first'), 600)).toBe(true)
})
