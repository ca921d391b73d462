/** What the Catalog tells listeners of servers, and when (DESIGN §2, §4.4). */
import { evictDurableObject, reset, runDurableObjectAlarm } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import { topicKeys } from '#shared/contracts/hub-topics.ts'
import type { CatalogObject } from '../../../durable-objects/catalog/catalog.ts'
import { LISTENERS_DELAY_MS } from '../../../durable-objects/limits.ts'
import type { HubObject } from '../../../durable-objects/hub/hub.ts'
import { hubObjectName } from '#shared/contracts/entrypoints.ts'
import { describeTools } from './_descriptions.ts'
import { attachTo } from './_hub.ts'
import { settled } from './_settled.ts'
import { inside, isEmpty, nth, theCatalog, theFeed } from './_stubs.ts'

afterEach(() => reset())

const listenTo = async (server: string) =>
  attachTo(server, { topics: await topicKeys('catalog', ['']) })

it('tells the listeners of the server that changed, evicted in between, and no others', async () => {
  await theCatalog().publish('clock', await describeTools('now'))
  await theCatalog().publish('notes', await describeTools('add'))
  await settled()
  const clock = await listenTo('clock')
  const notes = await listenTo('notes')
  await theCatalog().publish('clock', await describeTools('now', 'then'))
  await evictDurableObject(theCatalog())
  await settled()
  expect((await clock.frames(1)).map(({ kind }) => kind)).toEqual(['catalog'])
  expect(notes.received).toEqual([])
})

it('tells them 600 ms after the feed carries the version, never before', async () => {
  await theCatalog().publish('clock', await describeTools('now'))
  await settled()
  const clock = await listenTo('clock')
  const description = await describeTools('now', 'then')
  const notAnnouncedMs = Date.now()
  await theCatalog().publish('clock', description)
  await vi.waitFor(
    async () => {
      await runDurableObjectAlarm(theCatalog())
      expect(clock.received).toHaveLength(1)
      expect((await theFeed().read()).catalogVersion).toBe(await nth(2, 2))
    },
    { timeout: 15_000, interval: 20 },
  )
  expect(Date.now() - notAnnouncedMs).toBeGreaterThanOrEqual(LISTENERS_DELAY_MS)
})

it('tells a hub again that did not answer', async () => {
  await theCatalog().publish('clock', await describeTools('now'))
  await settled()
  const clock = await listenTo('clock')
  let refusals = 2
  await inside(theCatalog(), (object: CatalogObject) => {
    const getByName = (name: string) => {
      if (refusals-- > 0) throw new Error('injected outage')
      return env.HUB.getByName(name)
    }
    Object.assign(object, { env: { ...env, HUB: { getByName } } })
  })
  await theCatalog().publish('clock', await describeTools('now', 'then'))
  await settled()
  expect((await clock.frames(1)).map(({ kind }) => kind)).toEqual(['catalog'])
  expect(refusals).toBeLessThan(0)
})

it('leaves nothing in the hub of a server nobody listens to', async () => {
  await theCatalog().publish('clock', await describeTools('now'))
  await theCatalog().publish('clock', await describeTools('now', 'then'))
  await settled()
  const hub = exports.HubObject.getByName(hubObjectName('clock', 0))
  expect(await inside(hub, (_: HubObject, state) => isEmpty(state))).toBe(true)
})
