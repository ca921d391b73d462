/** Which DPoP proofs of one key were used (RFC 9449 §11.1). */
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { expect, it } from 'vitest'
import type { ReplayObject } from '../../../durable-objects/identity/replay.ts'
import { inside, isEmpty, newReplay } from './_stubs.ts'

const KEPT_MS = 600_000

const ageRows = (stub: DurableObjectStub, byMs: number) =>
  inside(stub, (_: ReplayObject, { storage }) => {
    storage.sql.exec('UPDATE used SET expires_at_s = expires_at_s - ?', byMs / 1000)
  })
const leftNothing = (stub: DurableObjectStub) =>
  inside(stub, (_: ReplayObject, state) => isEmpty(state))

it('gives one proof to exactly one of 8 who bring it at once, in 20 rounds', async () => {
  const replay = newReplay()
  for (let round = 0; round < 20; round++) {
    const claims = Array.from({ length: 8 }, () => replay.claim(`proof-${round}`))
    expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1)
  }
})

it('remembers across an eviction', async () => {
  const replay = newReplay()
  expect(await replay.claim('proof')).toBe(true)
  await evictDurableObject(replay)
  expect(await replay.claim('proof')).toBe(false)
})

it('sets its alarm also for what was first claimed after everything else had gone', async () => {
  const replay = newReplay()
  await replay.claim('first')
  await ageRows(replay, KEPT_MS + 2_000)
  await runDurableObjectAlarm(replay)
  expect(await leftNothing(replay)).toBe(true)
  await replay.claim('second')
  await ageRows(replay, KEPT_MS + 2_000)
  expect(await runDurableObjectAlarm(replay)).toBe(true)
  expect(await leftNothing(replay)).toBe(true)
})

it('keeps each proof ten minutes, and deletes itself with the last', async () => {
  const replay = newReplay()
  await replay.claim('old')
  await ageRows(replay, KEPT_MS - 10_000)
  await replay.claim('young')
  expect(await replay.claim('old')).toBe(false)
  await ageRows(replay, 12_000)
  await runDurableObjectAlarm(replay)
  expect(await replay.claim('old')).toBe(true)
  expect(await replay.claim('young')).toBe(false)
  await ageRows(replay, KEPT_MS + 12_000)
  await evictDurableObject(replay)
  expect(await runDurableObjectAlarm(replay)).toBe(true)
  expect(await leftNothing(replay)).toBe(true)
})

it('refuses names that are no digests, and more proofs than anybody needs', async () => {
  await inside(newReplay(), async (instance: ReplayObject, state) => {
    await expect(instance.claim('p'.repeat(65))).rejects.toThrow(RangeError)
    expect(await isEmpty(state)).toBe(true)
  })
  const full = newReplay()
  await full.claim('first')
  await inside(full, (_: ReplayObject, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
       INSERT INTO used SELECT 'p' || i, 9999999999 FROM n`,
    )
  })
  await evictDurableObject(full)
  expect(await full.claim('one more')).toBe(false)
})
