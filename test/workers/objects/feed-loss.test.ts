/**
 * A feed or a KV that lost what it held, or was set back, alone and with others: nothing
 * revoked counts again, and nothing that was turned off opens by itself.
 */
import { evictDurableObject, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { indexKey } from '#shared/catalog/entry.ts'
import type { Announcement } from '#shared/contracts/entrypoints.ts'
import type { FeedObject } from '../../../durable-objects/feed/feed.ts'
import {
  begin,
  expectStillEnded,
  kv,
  laterBy,
  lose,
  loseKv,
  newIsolate,
  nowSeconds,
  problems,
  publishClock,
} from './_loss.ts'
import { tell } from './_operator.ts'
import { settled } from './_settled.ts'
import { inside, theCatalog, theFeed } from './_stubs.ts'

beforeEach(begin)
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  return reset()
})

describe('the feed lost', () => {
  it('it finds out from the Catalog at its first read, and nothing of before counts unseen', async () => {
    const warm = newIsolate()
    const before = (await warm.feed())!
    await lose(theFeed())
    const view = (await newIsolate().feed())!
    expect(view.catalogVersion).toBe(before.catalogVersion)
    expect(view.catalogSeal).toEqual(before.catalogSeal)
    expect(view.revokedGrants.size).toBe(0)
    await expectStillEnded()
    await expectStillEnded(warm)
    expect([await warm.shown(), await newIsolate().shown()]).toEqual(['off', 'off'])
    expect(await problems()).toEqual([])
  })

  it('it keeps that over evictions, and does not begin anew with each', async () => {
    await lose(theFeed())
    const { lostBeforeSeconds } = await theFeed().read()
    laterBy(120)
    await evictDurableObject(theFeed())
    expect((await theFeed().read()).lostBeforeSeconds).toBe(lostBeforeSeconds)
  })

  it('and what it hears first is a change', async () => {
    await lose(theFeed())
    const enabled = await tell('POST', '/servers/clock/enable', {})
    expect(enabled.body.feed.taken).toBe(true)
    await expectStillEnded()
    expect(await newIsolate().shown()).toBe('public')
  })

  it('and what it hears first is a revocation', async () => {
    await lose(theFeed())
    await theFeed().revokeGrant('another', nowSeconds() + 60)
    await expectStillEnded()
  })

  it('set back to an earlier number, it finds out at its first read', async () => {
    const earlier = await inside(theFeed(), (_: FeedObject, { storage }) =>
      storage.kv.get<Announcement>('catalog'),
    )
    await tell('POST', '/servers/clock/enable', {})
    const warm = newIsolate()
    expect(await warm.shown()).toBe('public')
    await inside(theFeed(), (_: FeedObject, { storage }) => {
      storage.kv.put('catalog', earlier)
      storage.sql.exec('DELETE FROM forbidden')
    })
    await evictDurableObject(theFeed())
    expect([await warm.shown(), await newIsolate().shown()]).toEqual(['public', 'public'])
    await expectStillEnded()
  })

  it('and the Catalog away: it does not say that nothing was revoked', async () => {
    await lose(theFeed())
    await inside(theFeed(), (object: FeedObject) => {
      const announced = () => Promise.reject(new Error('injected outage'))
      Object.assign(object, { env: { ...env, CATALOG: { getByName: () => ({ announced }) } } })
    })
    expect(await newIsolate().shown()).toBe('feed unreachable')
  })
})

describe('KV lost', () => {
  it('isolates ask the Catalog, which puts all that they asked for again', async () => {
    await loseKv()
    expect(await problems()).toEqual(['kv_differs'])
    laterBy(700)
    expect(await newIsolate().shown()).toBe('off')
    await settled()
    expect(await problems()).toEqual([])
  })

  it('or stale: an older copy under the newest key is not believed, and republish mends it', async () => {
    const { version } = (await theCatalog().index())!
    const old = (await kv.get(indexKey(version)))!
    await tell('POST', '/servers/clock/enable', {})
    await settled()
    await kv.put(indexKey(version + 1), old)
    expect(await newIsolate().shown()).toBe('public')
    expect(await problems()).toEqual(['kv_differs'])
    await tell('POST', '/republish', {})
    await settled()
    expect(await problems()).toEqual([])
  })

  it('and the Catalog: nobody is shown anything, until a file is read in', async () => {
    const file = (await tell('GET', '/export')).body
    await loseKv()
    await lose(theCatalog())
    expect(await newIsolate().shown()).toBe('unknown')
    expect((await publishClock('now')).ok).toBe(false)
    expect((await tell('POST', '/import', file)).body.feed.taken).toBe(true)
    expect(await newIsolate().shown()).toBe('off')
  })

  it('and the feed', async () => {
    await loseKv()
    await lose(theFeed())
    expect(await newIsolate().shown()).toBe('off')
    await expectStillEnded()
  })
})

describe('Catalog and feed lost, KV left', () => {
  it('KV is not believed, a deploy opens nothing, and nothing of before counts unseen', async () => {
    const file = (await tell('GET', '/export')).body
    const warm = newIsolate()
    await warm.feed()
    await lose(theCatalog())
    await lose(theFeed())
    expect((await publishClock('now')).ok).toBe(false)
    expect(await newIsolate().shown()).toBe('not there')
    await expectStillEnded()
    await expectStillEnded(warm)
    expect(await problems()).toEqual(['catalog_lost'])
    expect((await tell('POST', '/import', file)).body.feed.taken).toBe(true)
    expect([await warm.shown(), await newIsolate().shown()]).toEqual(['off', 'off'])
  })
})

describe('everything lost', () => {
  it('warm isolates take the new life: no number is below one of before', async () => {
    const warm = newIsolate()
    expect(await warm.shown()).toBe('off')
    await Promise.all([lose(theCatalog()), lose(theFeed()), loseKv()])
    await expectStillEnded(warm)
    expect((await publishClock('now')).ok).toBe(true)
    expect([await warm.shown(), await newIsolate().shown()]).toEqual(['public', 'public'])
    // Once, and not again with each read.
    const { lostBeforeSeconds } = (await warm.feed())!
    laterBy(120)
    expect((await warm.feed())!.lostBeforeSeconds).toBe(lostBeforeSeconds)
  })

  it('whoever restores a feed may say that nothing of before counts', async () => {
    await Promise.all([lose(theCatalog()), lose(theFeed()), loseKv()])
    await theFeed().distrustEarlier()
    await expectStillEnded()
  })
})
