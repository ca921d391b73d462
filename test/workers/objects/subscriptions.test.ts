/** What a 2025-era session follows, evicted between every two steps (2025-11-25 server/resources). */
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { TOPICS_PER_LISTENER_MAX } from '#shared/contracts/hub-limits.ts'
import type { Rpc, Subscriptions } from '#shared/contracts/entrypoints.ts'
import type { SubscriptionsObject } from '../../../durable-objects/sessions/subscriptions.ts'
import { inside, isEmpty } from './_stubs.ts'

let made = 0
const newSubscriptions = () =>
  exports.SubscriptionsObject.getByName(`session-${++made}`) as unknown as Rpc<Subscriptions> &
    DurableObjectStub

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600
const isGone = (stub: DurableObjectStub) =>
  inside(stub, (_: SubscriptionsObject, state) => isEmpty(state))

it('remembers what is followed, each once, in revisions that only grow', async () => {
  const session = newSubscriptions()
  const revisions: number[] = []
  for (const uri of ['note://1', 'note://2', 'note://1']) {
    revisions.push((await session.follow(uri, inAnHour()))?.revision ?? 0)
    await evictDurableObject(session)
  }
  expect(await session.read()).toEqual({ revision: revisions[2], uris: ['note://1', 'note://2'] })
  revisions.push((await session.unfollow('note://1')).revision)
  await evictDurableObject(session)
  expect((await session.read()).uris).toEqual(['note://2'])
  expect(revisions[1]).toBeGreaterThan(revisions[0] ?? Infinity)
  expect(revisions[3]).toBeGreaterThan(revisions[2] ?? Infinity)
})

it('keeps nothing of a session that was only asked, or follows nothing any longer', async () => {
  const session = newSubscriptions()
  expect(await session.read()).toEqual({ revision: 0, uris: [] })
  await session.unfollow('note://1')
  expect(await isGone(session)).toBe(true)
  const { revision } = (await session.follow('note://1', inAnHour())) ?? { revision: 0 }
  const last = await session.unfollow('note://1')
  expect(last.uris).toEqual([])
  await evictDurableObject(session)
  expect(await runDurableObjectAlarm(session)).toBe(true)
  expect(await isGone(session)).toBe(true)
  // Its stream knows the older revision, and must take the newer one.
  const again = await session.follow('note://1', inAnHour())
  expect(again?.revision).toBeGreaterThan(revision)
})

it('goes with the session: by its alarm, or when it is deleted', async () => {
  const [expired, deleted] = [newSubscriptions(), newSubscriptions()]
  for (const session of [expired, deleted]) await session.follow('note://1', inAnHour())
  await evictDurableObject(expired)
  expect(await runDurableObjectAlarm(expired)).toBe(true)
  await deleted.forget()
  expect([await isGone(expired), await isGone(deleted)]).toEqual([true, true])
})

it('follows so many at most', async () => {
  const session = newSubscriptions()
  for (let n = 0; n < TOPICS_PER_LISTENER_MAX; n++) await session.follow(`note://${n}`, inAnHour())
  expect(await session.follow('note://more', inAnHour())).toBeNull()
  expect((await session.follow('note://1', inAnHour()))?.uris).toHaveLength(TOPICS_PER_LISTENER_MAX)
})
