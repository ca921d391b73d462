/**
 * A Catalog that lost what it held, or was set back: no change is passed over in silence,
 * and nothing that was turned off opens by itself. The feed and KV: feed-loss.test.ts.
 */
import { evictDurableObject, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { indexKey } from '#shared/catalog/entry.ts'
import { isRevoked } from '#shared/catalog/readers/feed-local.ts'
import type { CatalogObject } from '../../../durable-objects/catalog/catalog.ts'
import type { FeedObject } from '../../../durable-objects/feed/feed.ts'
import {
  begin,
  expectStillEnded,
  kv,
  laterBy,
  lose,
  newIsolate,
  nowSeconds,
  problems,
  publishClock,
  START_MS,
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

it('with nothing lost, all hold the same and nothing of before is mistrusted', async () => {
  expect(await theCatalog().standing()).toMatchObject({
    kv: { index: 'same', due: 0 },
    problems: [],
  })
  const view = (await newIsolate().feed())!
  expect(view.lostBeforeSeconds).toBe(0)
  expect(isRevoked(view, { grantId: 'other', issuedAtSeconds: 1 })).toBe(false)
})

describe('the Catalog lost', () => {
  it('callers are shown the last index, a deploy opens nothing, and commands say why they are not taken', async () => {
    const warm = newIsolate()
    expect(await warm.shown()).toBe('off')
    await lose(theCatalog())
    const published = await publishClock('now', 'then')
    expect(published).toMatchObject({ ok: false, failure: { reason: 'lost' } })
    expect([await warm.shown(), await newIsolate().shown()]).toEqual(['off', 'off'])
    const rules = await tell('PUT', '/rules', { rules: [] })
    expect([rules.status, rules.body.error]).toEqual([409, 'lost'])
    expect((await tell('GET', '/servers')).body).toMatchObject({ servers: [], isLost: true })
    expect(await problems()).toEqual(['catalog_lost'])
    await expectStillEnded()
  })

  it('an import counts at once, for warm isolates too, and so does the next switch', async () => {
    const file = (await tell('GET', '/export')).body
    const warm = newIsolate()
    const before = (await warm.feed())!
    await lose(theCatalog())
    // The file is older than the last switch.
    file.servers.clock.enabled = true
    const imported = await tell('POST', '/import', file)
    expect(imported.body).toMatchObject({ changed: true, feed: { taken: true } })
    expect(imported.body.feed.version).toBeGreaterThan(before.catalogVersion)
    expect([await warm.shown(), await newIsolate().shown()]).toEqual(['public', 'public'])
    const disabled = await tell('POST', '/servers/clock/disable', {})
    expect([disabled.status, disabled.body.feed.taken]).toEqual([200, true])
    expect([await warm.shown(), await newIsolate().shown()]).toEqual(['off', 'off'])
    expect(await problems()).toEqual([])
  })

  it('even with a clock that is behind: the number goes above the feed, under a new key', async () => {
    const file = (await tell('GET', '/export')).body
    const before = (await newIsolate().feed())!
    await lose(theCatalog())
    laterBy(-86_400)
    const imported = await tell('POST', '/import', file)
    expect(imported.body.feed).toEqual({ taken: true, version: before.catalogVersion + 1 })
    const after = (await theFeed().read()).catalogSeal!
    expect(after.key).not.toBe(before.catalogSeal!.key)
    await settled()
    expect(await problems()).toEqual([])
  })

  it('and no file: starting over is an order of its own', async () => {
    await lose(theCatalog())
    const refused = await tell('POST', '/republish', {})
    expect([refused.status, refused.body.error]).toEqual([409, 'conflict'])
    const done = await tell('POST', '/republish', { startOver: true })
    expect(done.body).toMatchObject({ changed: true, feed: { taken: true } })
    expect(await newIsolate().shown()).toBe('not there')
    expect((await publishClock('now')).ok).toBe(true)
    await settled()
    expect(await newIsolate().shown()).toBe('public')
  })

  it('an empty one that cannot ask the feed takes nothing', async () => {
    await lose(theCatalog())
    await inside(theCatalog(), (object: CatalogObject) => {
      const read = () => Promise.reject(new Error('injected outage'))
      Object.assign(object, { env: { ...env, FEED: { getByName: () => ({ read }) } } })
    })
    const published = await publishClock('now')
    expect(published).toMatchObject({ ok: false, failure: { reason: 'unavailable' } })
  })
})

/** @returns puts back what the Catalog held when it was called */
async function rememberCatalog() {
  const rows = await inside(theCatalog(), (_: CatalogObject, { storage }) => ({
    server: storage.sql.exec('SELECT * FROM server').toArray(),
    snapshot: storage.sql.exec('SELECT * FROM snapshot').toArray(),
    announced: storage.kv.get('announced'),
  }))
  return async () => {
    await inside(theCatalog(), async (_: CatalogObject, { storage }) => {
      await storage.deleteAlarm()
      for (const table of ['server', 'snapshot'] as const) {
        storage.sql.exec(`DELETE FROM ${table}`)
        for (const row of rows[table]) {
          const names = Object.keys(row)
          const marks = names.map(() => '?').join(', ')
          const sql = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks})`
          storage.sql.exec(sql, ...Object.values(row))
        }
      }
      storage.kv.put('announced', rows.announced)
    })
    await evictDurableObject(theCatalog())
  }
}

describe('the Catalog set back to an earlier state', () => {
  it('is found, and its next change goes above what the feed took since', async () => {
    const setBack = await rememberCatalog()
    await tell('POST', '/servers/clock/enable', {})
    await tell('PATCH', '/servers/clock/policy', { dpop: 'required' })
    await tell('PATCH', '/servers/clock/policy', { dpop: 'optional' })
    const warm = newIsolate()
    expect(await warm.shown()).toBe('public')
    const before = (await warm.feed())!
    await setBack()
    expect(await problems()).toEqual(['catalog_behind'])
    const changed = await tell('PATCH', '/servers/clock/policy', { dpop: 'required' })
    expect(changed.body.feed).toEqual({ taken: true, version: before.catalogVersion + 1 })
    expect([await warm.shown(), await newIsolate().shown()]).toEqual(['off', 'off'])
    expect(await problems()).toEqual([])
  })

  it('by one change: the same number with another index is not the same', async () => {
    const setBack = await rememberCatalog()
    await tell('POST', '/servers/clock/enable', {})
    const warm = newIsolate()
    expect(await warm.shown()).toBe('public')
    const before = (await warm.feed())!
    await setBack()
    const changed = await tell('PATCH', '/servers/clock/policy', { dpop: 'required' })
    expect(changed.body.feed).toEqual({ taken: true, version: before.catalogVersion + 1 })
    expect(await warm.shown()).toBe('off')
  })

  it('without a change: republish makes it count, though nothing differs for it', async () => {
    const setBack = await rememberCatalog()
    await tell('POST', '/servers/clock/enable', {})
    const warm = newIsolate()
    expect(await warm.shown()).toBe('public')
    await setBack()
    // What it is told to do it holds already; all the same it says that callers see other things.
    const disabled = await tell('POST', '/servers/clock/disable', {})
    expect(disabled.body.changed).toBe(false)
    const done = await tell('POST', '/republish', { note: 'after a recovery' })
    expect(done.body.feed.taken).toBe(true)
    expect(await warm.shown()).toBe('off')
    const { changes } = (await tell('GET', '/history')).body
    expect(changes[0]).toMatchObject({ by: 'ada', action: 'republish', note: 'after a recovery' })
  })
})

it('an old export read into a Catalog that lives counts at once', async () => {
  const file = (await tell('GET', '/export')).body
  await tell('POST', '/servers/clock/enable', {})
  const warm = newIsolate()
  expect(await warm.shown()).toBe('public')
  const imported = await tell('POST', '/import', file)
  expect(imported.body).toMatchObject({ changed: true, feed: { taken: true } })
  expect(await warm.shown()).toBe('off')
})

describe('a command', () => {
  it('waits for the feed also within a burst', async () => {
    for (const verb of ['enable', 'disable', 'enable', 'disable']) {
      const { status, body } = await tell('POST', `/servers/clock/${verb}`, {})
      expect([status, body.feed.taken]).toEqual([200, true])
      expect((await theFeed().read()).catalogVersion).toBe(body.feed.version)
    }
  })

  it('says when the feed did not take it, also when it is given again, and the alarm goes on', async () => {
    await inside(theCatalog(), (object: CatalogObject) => {
      const announceCatalog = () => Promise.reject(new Error('injected outage'))
      const read = () => theFeed().read()
      Object.assign(object, {
        env: { ...env, FEED: { getByName: () => ({ announceCatalog, read }) } },
      })
    })
    const changed = await tell('POST', '/servers/clock/enable', {})
    expect([changed.status, changed.body.feed.taken]).toEqual([202, false])
    const again = await tell('POST', '/servers/clock/enable', {})
    expect([again.status, again.body]).toMatchObject([
      202,
      { changed: false, feed: { taken: false } },
    ])
    expect(await problems()).toEqual(['feed_behind'])
    await evictDurableObject(theCatalog())
    await settled()
    expect(await newIsolate().shown()).toBe('public')
    expect(await problems()).toEqual([])
  })

  it('that mistrusts what was issued: tokens of before end, new ones count', async () => {
    await tell('POST', '/republish', { distrust: true })
    const view = (await newIsolate().feed())!
    expect(isRevoked(view, { grantId: 'other', issuedAtSeconds: nowSeconds() - 10 })).toBe(true)
    expect(isRevoked(view, { grantId: 'other', issuedAtSeconds: nowSeconds() })).toBe(false)
    expect(isRevoked(view, { issuedAtSeconds: 0 })).toBe(false)
  })
})

describe('what releases up to 0.1 stored', () => {
  it('is signed and announced as soon as it is read, and counts meanwhile', async () => {
    const before = (await theCatalog().index())!
    await inside(theCatalog(), async (_: CatalogObject, { storage }) => {
      await storage.deleteAlarm()
      storage.kv.delete('announced')
      storage.kv.delete('index_key')
      storage.kv.put('announced_version', before.version)
      storage.sql.exec('DROP TABLE staged')
      storage.kv.put('schema', 2)
    })
    await inside(theFeed(), (_: FeedObject, { storage }) => {
      storage.kv.delete('catalog')
      storage.kv.put('catalog_version', before.version)
    })
    await kv.put(indexKey(before.version), JSON.stringify(before))
    await evictDurableObject(theCatalog())
    await evictDurableObject(theFeed())
    const warm = newIsolate()
    expect(await warm.shown()).toBe('off')
    const view = (await warm.feed())!
    expect([view.catalogVersion, view.lostBeforeSeconds]).toEqual([before.version, 0])
    expect(view.revokedGrants.has('revoked')).toBe(true)
    await settled()
    expect(await problems()).toEqual([])
    expect((await newIsolate().feed())!.catalogSeal).toBeDefined()
    expect(await newIsolate().shown()).toBe('off')
  })
})

it('a key older than 90 days is replaced with the next index, and no copy is refused', async () => {
  const before = (await theFeed().read()).catalogSeal!
  vi.setSystemTime(START_MS + 91 * 86_400_000)
  await theCatalog().index((await theFeed().read()).catalogVersion)
  await settled()
  expect((await theFeed().read()).catalogSeal).toEqual(before)
  expect(await problems()).toEqual([])
  await tell('POST', '/servers/clock/enable', {})
  expect((await theFeed().read()).catalogSeal!.key).not.toBe(before.key)
  expect(await newIsolate().shown()).toBe('public')
  expect(await problems()).toEqual([])
})
