/** The Catalog's read copy in KV: paced, repaired, never the truth (DESIGN §2, §4.11). */
import { evictDurableObject, reset, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { indexKey, serverKey } from '#shared/catalog/entry.ts'
import type { CatalogObject } from '../../../durable-objects/catalog/catalog.ts'
import { SNAPSHOT_INTERVAL_MS } from '../../../durable-objects/limits.ts'
import { describeTools } from './_descriptions.ts'
import { settled } from './_settled.ts'
import { inside, nth, theCatalog, theFeed } from './_stubs.ts'

afterEach(() => {
  vi.useRealTimers()
  return reset()
})

const inKv = (key: string) => env.CATALOG_KV.get(key)
const newestAnnounced = async () => (await theFeed().read()).catalogVersion

/** Real failures of a target, until the object is evicted. */
function breakTarget(target: 'CATALOG_KV' | 'FEED'): Promise<void> {
  const refuse = () => Promise.reject(new Error('injected outage'))
  const broken = {
    CATALOG_KV: { put: refuse, delete: refuse, list: () => env.CATALOG_KV.list() },
    // An empty Catalog asks whether it lost something: that works.
    FEED: { getByName: () => ({ announceCatalog: refuse, read: () => theFeed().read() }) },
  }
  return inside(theCatalog(), (object: CatalogObject) => {
    Object.assign(object, { env: { ...env, [target]: broken[target] } })
  })
}

describe('pace', () => {
  it('carries the first change at once, the rest of a burst at most once a second', async () => {
    const indexesPut: string[] = []
    await inside(theCatalog(), (object: CatalogObject) => {
      const put = async (key: string, text: string) => {
        if (key.startsWith('index:')) indexesPut.push(key)
        await env.CATALOG_KV.put(key, text)
      }
      Object.assign(object, {
        env: { ...env, CATALOG_KV: { put, list: () => env.CATALOG_KV.list() } },
      })
    })
    const startedMs = Date.now()
    for (let change = 1; change <= 20; change++) {
      await theCatalog().publish('clock', await describeTools(`tool-${change}`))
      if (change === 1) expect(await inKv(indexKey(await nth(1, 1)))).not.toBeNull()
    }
    expect(indexesPut.length).toBeLessThanOrEqual(1 + (Date.now() - startedMs) / 1000)
    await settled()
    const last = await nth(20, 20)
    expect(indexesPut.at(-1)).toBe(indexKey(last))
    expect(await inKv(indexKey(last))).not.toBeNull()
    expect(await newestAnnounced()).toBe(last)
  })

  it('sets no alarm once nothing is left to do, and carries the next change at once', async () => {
    await theCatalog().publish('clock', await describeTools('now'))
    await settled()
    await scheduler.wait(SNAPSHOT_INTERVAL_MS)
    await theCatalog().publish('clock', await describeTools('later'))
    expect(await inKv(indexKey(await nth(2, 2)))).not.toBeNull()
  })

  it('leaves to the alarm what changes while one is being worked on, soon after another', async () => {
    // A minute ahead: no alarm comes by itself.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
    await theCatalog().publish('clock', await describeTools('now'))
    const description = await describeTools('later')
    await inside(theCatalog(), async (object: CatalogObject, { storage }) => {
      // As the runtime does before it calls the alarm.
      await storage.deleteAlarm()
      await object.publish('clock', description)
    })
    expect(await inKv(indexKey(await nth(2, 2)))).toBeNull()
    vi.setSystemTime(Date.now() + SNAPSHOT_INTERVAL_MS)
    await runDurableObjectAlarm(theCatalog())
    expect(await inKv(indexKey(await nth(2, 2)))).not.toBeNull()
  })

  it('carries the rest of a burst although it was evicted in between', async () => {
    await theCatalog().publish('clock', await describeTools('one'))
    await evictDurableObject(theCatalog())
    await theCatalog().publish('clock', await describeTools('two'))
    await evictDurableObject(theCatalog())
    await settled()
    expect(await inKv(indexKey(await nth(2, 2)))).not.toBeNull()
    expect(await newestAnnounced()).toBe(await nth(2, 2))
  })
})

describe('a KV that fails', () => {
  it('loses nothing: the object answers, the feed is told, the alarm repairs KV', async () => {
    await breakTarget('CATALOG_KV')
    const description = await describeTools('now')
    const answer = await theCatalog().publish('clock', description)
    const version = await nth(1, 1)
    expect(answer).toMatchObject({ ok: true, value: { version } })
    expect(await inKv(indexKey(version))).toBeNull()
    expect(await theCatalog().index(version)).toMatchObject({ version })
    expect(await theCatalog().entry('clock', description.digest)).not.toBeNull()
    expect(await newestAnnounced()).toBe(version)

    // Still failing when the alarm comes: it neither throws nor gives up.
    await runDurableObjectAlarm(theCatalog())
    expect(await inKv(indexKey(await nth(1, 1)))).toBeNull()

    await evictDurableObject(theCatalog())
    await settled()
    expect(await inKv(indexKey(await nth(1, 1)))).not.toBeNull()
    expect(await inKv(serverKey('clock', description.digest))).not.toBeNull()
  })

  it('that loses one write gets it again, the rest standing', async () => {
    const description = await describeTools('now')
    await inside(theCatalog(), (object: CatalogObject) => {
      let losses = 1
      const put = async (key: string, text: string) => {
        if (key.startsWith('server:') && losses-- > 0) throw new Error('injected loss')
        await env.CATALOG_KV.put(key, text)
      }
      Object.assign(object, {
        env: { ...env, CATALOG_KV: { put, list: () => env.CATALOG_KV.list() } },
      })
    })
    await theCatalog().publish('clock', description)
    expect(await inKv(indexKey(await nth(1, 1)))).not.toBeNull()
    await settled()
    expect(await inKv(serverKey('clock', description.digest))).not.toBeNull()
  })

  it('is asked after ever less often, at least once a minute', async () => {
    await breakTarget('CATALOG_KV')
    await theCatalog().publish('clock', await describeTools('now'))
    // Listeners are told by the same alarm, at a time of their own.
    await inside(theCatalog(), (_: CatalogObject, { storage }) =>
      storage.kv.delete('listeners_due_ms'),
    )
    const delaysMs: number[] = []
    for (let round = 0; round < 8; round++) {
      await runDurableObjectAlarm(theCatalog())
      await inside(theCatalog(), async (_: CatalogObject, { storage }) => {
        delaysMs.push((await storage.getAlarm())! - Date.now())
      })
    }
    expect(delaysMs[7]).toBeGreaterThan(delaysMs[0]!)
    expect(delaysMs[7]).toBeLessThanOrEqual(60_000)
    expect(delaysMs[7]).toBeGreaterThan(40_000)
  })
})

it('a feed that fails is told by the alarm', async () => {
  await breakTarget('FEED')
  await theCatalog().publish('clock', await describeTools('now'))
  expect(await inKv(indexKey(await nth(1, 1)))).not.toBeNull()
  expect(await newestAnnounced()).toBe(0)
  await evictDurableObject(theCatalog())
  await settled()
  expect(await newestAnnounced()).toBe(await nth(1, 1))
})

describe('superseded copies', () => {
  /** As if the last change had been made long ago. */
  const age = () =>
    inside(theCatalog(), (_: CatalogObject, { storage }) => {
      storage.sql.exec('UPDATE snapshot SET superseded_ms = superseded_ms - 200000')
      storage.sql.exec('UPDATE view SET superseded_ms = superseded_ms - 200000')
    })

  it('stay while an isolate may still ask for them, then leave KV but not the Catalog', async () => {
    const [first, second] = [await describeTools('one'), await describeTools('two')]
    for (const description of [first, second]) {
      await theCatalog().publish('clock', description)
      await settled()
    }
    const oldest = await nth(1, 2)
    expect(await inKv(indexKey(oldest))).not.toBeNull()
    expect(await theCatalog().index(oldest)).toMatchObject({ version: oldest })

    await age()
    await theCatalog().publish('clock', await describeTools('three'))
    await settled()
    expect(await inKv(indexKey(oldest))).toBeNull()
    expect(await inKv(serverKey('clock', first.digest))).toBeNull()
    expect(await inKv(serverKey('clock', second.digest))).not.toBeNull()
    expect(await theCatalog().entry('clock', first.digest)).not.toBeNull()
    // A version that was forgotten answers with the newest.
    expect(await theCatalog().index(oldest)).toMatchObject({ version: oldest + 2 })
  })

  it('come back to KV when their revision goes live again', async () => {
    const [first, second] = [await describeTools('one'), await describeTools('two')]
    for (const description of [first, second, await describeTools('three'), first]) {
      await theCatalog().publish('clock', description)
      await settled()
      await age()
    }
    expect(await inKv(serverKey('clock', first.digest))).not.toBeNull()
    expect(await inKv(serverKey('clock', second.digest))).toBeNull()
  })

  it('keep at most 50 revisions of a server, the live one always among them', async () => {
    const live = await describeTools('live')
    await theCatalog().publish('clock', { ...live, policy: { publish: 'review' } })
    for (let waiting = 0; waiting < 55; waiting++) {
      await theCatalog().publish('clock', await describeTools(`tool-${waiting}`))
    }
    const revisions = await inside(theCatalog(), (_: CatalogObject, { storage }) =>
      storage.sql
        .exec('SELECT digest FROM revision')
        .toArray()
        .map((row) => row.digest),
    )
    expect(revisions.length).toBeLessThanOrEqual(51)
    expect(revisions).toContain(live.digest)
  })
})

it('holds 1,000 servers in an index of at most 200 KiB, and refuses one more', async () => {
  const { digest, ...rest } = await describeTools('now')
  await theCatalog().publish('clock', { ...rest, digest })
  const longName = (at: number) => `s${String(at).padStart(4, '0')}-${'x'.repeat(34)}`
  await inside(theCatalog(), (_: CatalogObject, { storage }) => {
    const { body } = storage.sql.exec<{ body: string }>('SELECT body FROM snapshot').one()
    const index = JSON.parse(body)
    for (let at = 1; at < 1_000; at++) index.servers[longName(at)] = index.servers.clock
    expect(JSON.stringify(index).length).toBeLessThan(200 * 1024)
    storage.sql.exec('UPDATE snapshot SET body = ?', JSON.stringify(index))
  })
  const answer = await theCatalog().publish('another', await describeTools('now'))
  expect(answer).toMatchObject({ ok: false, failure: { reason: 'too_many_servers' } })
})
