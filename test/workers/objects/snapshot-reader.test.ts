/** The two-level snapshot as an isolate reads it (DESIGN §2 "Catalog object"), over real KV and Catalog. */
import { createExecutionContext, evictDurableObject, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { indexKey, serverKey } from '#shared/catalog/entry.ts'
import { createSnapshotReader } from '#shared/catalog/snapshot-reader.ts'
import { describeTools } from './_descriptions.ts'
import { theCatalog } from './_stubs.ts'

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

describe('index', () => {
  it('comes from KV once, then from memory', async () => {
    const { digest } = await publishClock()
    const { asked, reader } = setUp()
    expect(reader.peekIndex(1)).toBeUndefined()
    const index = await reader.index(1, ctx())
    expect(index).toMatchObject({ ok: true, value: { version: 1, servers: { clock: { digest } } } })
    expect(await reader.index(1, ctx())).toEqual(index)
    expect(reader.peekIndex(1)).toBe(index.ok && index.value)
    expect(asked).toEqual(['kv'])
  })

  it.each([
    ['lags behind', () => env.CATALOG_KV.delete(indexKey(1))],
    ['holds no JSON', () => env.CATALOG_KV.put(indexKey(1), '{')],
    ['holds another form', () => env.CATALOG_KV.put(indexKey(1), '{"version":"1"}')],
  ])('comes from the Catalog when KV %s, even just evicted', async (_, spoil) => {
    await publishClock()
    await spoil()
    await evictDurableObject(theCatalog())
    const { asked, reader } = setUp()
    expect(await reader.index(1, ctx())).toMatchObject({ ok: true, value: { version: 1 } })
    expect(asked).toEqual(['kv', 'catalog'])
  })

  it('comes from the Catalog when KV is down', async () => {
    await publishClock()
    const { down, reader } = setUp()
    down.kv = true
    expect(await reader.index(1, ctx())).toMatchObject({ ok: true })
  })

  it('is empty before anything was published', async () => {
    const { reader } = setUp()
    const value = { version: 0, servers: {} }
    expect(await reader.index(0, ctx())).toEqual({ ok: true, value })
  })

  it('of a version nobody made is unknown, and asked for again', async () => {
    const { asked, reader } = setUp()
    expect(await reader.index(9, ctx())).toEqual({ ok: false, failure: { reason: 'unknown' } })
    await reader.index(9, ctx())
    expect(asked).toHaveLength(4)
  })

  it('is unreachable while both sources are down, and back when one is', async () => {
    await publishClock()
    const { down, reader } = setUp()
    Object.assign(down, { kv: true, catalog: true })
    const unreachable = { ok: false, failure: { reason: 'unreachable' } }
    expect(await reader.index(1, ctx())).toEqual(unreachable)
    down.catalog = false
    expect(await reader.index(1, ctx())).toMatchObject({ ok: true })
  })

  it('is loaded once for 50 requests that need it at once', async () => {
    await publishClock()
    const { asked, reader } = setUp()
    await Promise.all(Array.from({ length: 50 }, () => reader.index(1, ctx())))
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
