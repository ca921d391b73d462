/** The two-level snapshot as an isolate reads it (DESIGN §2 "Catalog object"), over real KV and Catalog. */
import { createExecutionContext, evictDurableObject, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { indexKey, serverKey } from '#shared/catalog/entry.ts'
import { createSnapshotReader } from '#shared/catalog/readers/snapshot-reader.ts'
import { describeTools } from './_descriptions.ts'
import { theCatalog, theFeed } from './_stubs.ts'

afterEach(() => reset())

/** A reader that counts what it asks, and whose sources can fail. */
function setUp() {
  const asked: string[] = []
  const down = { kv: false, catalog: false }
  const ask = (what: string, isDown: boolean): void => {
    asked.push(what)
    if (isDown) throw new Error('injected outage')
  }
  const reader = createSnapshotReader({
    kv: {
      get: async (key, type) => {
        ask('kv', down.kv)
        return env.CATALOG_KV.get(key, type)
      },
    },
    catalog: () => ({
      index: async (version) => {
        ask('catalog', down.catalog)
        return theCatalog().index(version)
      },
      entry: async (name, digest) => {
        ask('catalog', down.catalog)
        return theCatalog().entry(name, digest)
      },
    }),
  })
  return { asked, down, reader }
}

const ctx = () => createExecutionContext()

async function publishClock() {
  const description = await describeTools('now')
  await theCatalog().publish('clock', description)
  return description
}

/** The number and seal of the feed. */
async function inForce() {
  const { catalogVersion, catalogSeal } = await theFeed().read()
  return [catalogVersion, catalogSeal] as const
}

describe('index', () => {
  it('comes from KV once, then from memory', async () => {
    const { digest } = await publishClock()
    const [version, seal] = await inForce()
    const { asked, reader } = setUp()
    expect(reader.peekIndex(version)).toBeUndefined()
    const index = await reader.index(version, seal, ctx())
    expect(index).toMatchObject({ ok: true, value: { version, servers: { clock: { digest } } } })
    expect(await reader.index(version, seal, ctx())).toEqual(index)
    expect(reader.peekIndex(version)).toBe(index.ok && index.value)
    expect(asked).toEqual(['kv'])
  })

  it.each([
    ['lags behind', (key: string) => env.CATALOG_KV.delete(key)],
    ['holds no JSON', (key: string) => env.CATALOG_KV.put(key, '{')],
    ['holds another form', (key: string) => env.CATALOG_KV.put(key, '{"version":"1"}')],
  ])('comes from the Catalog when KV %s, even just evicted', async (_, spoil) => {
    await publishClock()
    const [version, seal] = await inForce()
    await spoil(indexKey(version))
    await evictDurableObject(theCatalog())
    const { asked, reader } = setUp()
    expect(await reader.index(version, seal, ctx())).toMatchObject({ ok: true, value: { version } })
    expect(asked).toEqual(['kv', 'catalog'])
  })

  it('comes from the Catalog alone while the feed says no seal: an earlier release announced it', async () => {
    await publishClock()
    const [version] = await inForce()
    const { asked, reader } = setUp()
    expect(await reader.index(version, undefined, ctx())).toMatchObject({ ok: true })
    expect(asked).toEqual(['catalog'])
  })

  it('comes from the Catalog when KV is down', async () => {
    await publishClock()
    const { down, reader } = setUp()
    down.kv = true
    expect(await reader.index(...(await inForce()), ctx())).toMatchObject({ ok: true })
  })

  it('is empty before anything was published', async () => {
    const { reader } = setUp()
    const value = { version: 0, servers: {} }
    expect(await reader.index(0, undefined, ctx())).toEqual({ ok: true, value })
  })

  it('of a version nobody made is unknown, and asked for again', async () => {
    await publishClock()
    const [version, seal] = await inForce()
    const { asked, reader } = setUp()
    const unknown = { ok: false, failure: { reason: 'unknown' } }
    expect(await reader.index(version + 9, seal, ctx())).toEqual(unknown)
    await reader.index(version + 9, seal, ctx())
    expect(asked).toHaveLength(4)
  })

  it('is unreachable while both sources are down, and back when one is', async () => {
    await publishClock()
    const [version, seal] = await inForce()
    const { down, reader } = setUp()
    Object.assign(down, { kv: true, catalog: true })
    const unreachable = { ok: false, failure: { reason: 'unreachable' } }
    expect(await reader.index(version, seal, ctx())).toEqual(unreachable)
    down.catalog = false
    expect(await reader.index(version, seal, ctx())).toMatchObject({ ok: true })
  })

  it('is loaded once for 50 requests that need it at once', async () => {
    await publishClock()
    const [version, seal] = await inForce()
    const { asked, reader } = setUp()
    await Promise.all(Array.from({ length: 50 }, () => reader.index(version, seal, ctx())))
    expect(asked).toEqual(['kv'])
  })
})

describe('server', () => {
  it('is compiled once per digest, and kept', async () => {
    const { digest, definitions } = await publishClock()
    const { asked, reader } = setUp()
    expect(reader.peekServer('clock', digest)).toBeUndefined()
    const answer = await reader.server('clock', digest, ctx())
    expect(answer).toMatchObject({ ok: true, value: { entry: { definitions } } })
    expect(reader.peekServer('clock', digest)).toBe(answer.ok && answer.value)
    await reader.server('clock', digest, ctx())
    expect(asked).toEqual(['kv'])
  })

  it('comes from the Catalog when KV lost it', async () => {
    const { digest } = await publishClock()
    await env.CATALOG_KV.delete(serverKey('clock', digest))
    const { asked, reader } = setUp()
    expect(await reader.server('clock', digest, ctx())).toMatchObject({ ok: true })
    expect(asked).toEqual(['kv', 'catalog'])
  })

  it('of another name or digest is unknown', async () => {
    const { digest } = await publishClock()
    const { reader } = setUp()
    const unknown = { ok: false, failure: { reason: 'unknown' } }
    expect(await reader.server('calendar', digest, ctx())).toEqual(unknown)
    expect(await reader.server('clock', 'other', ctx())).toEqual(unknown)
  })
})
