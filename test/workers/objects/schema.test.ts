/** Forward migrations of one object's tables (DESIGN §6). */
import { evictDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { GrantStoreObject } from '../../../durable-objects/identity/grant-store.ts'
import { Tables } from '../../../durable-objects/schema.ts'
import { inside, newGrantStore } from './_stubs.ts'

const V1 = ['CREATE TABLE fruit (name TEXT PRIMARY KEY)']
const V2 = [
  ...V1,
  `ALTER TABLE fruit ADD COLUMN colour TEXT NOT NULL DEFAULT 'green';
   CREATE INDEX fruit_colour ON fruit (colour);`,
]

const tablesOf = (storage: DurableObjectStorage): string[] =>
  storage.sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .toArray()
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('_cf'))

// Tables of ours, in the storage of objects that have none of their own yet.
describe('Tables', () => {
  it('writes nothing until something must be remembered', async () => {
    await inside(newGrantStore(), (_: GrantStoreObject, { storage }) => {
      const tables = new Tables(storage, V1)
      expect(tables.ready).toBe(false)
      expect(tablesOf(storage)).toEqual([])
      tables.ensure()
      expect(tables.ready).toBe(true)
      expect(tablesOf(storage)).toEqual(['fruit'])
    })
  })

  it('upgrades the tables of the last release and keeps their rows', async () => {
    await inside(newGrantStore(), (_: GrantStoreObject, { storage }) => {
      new Tables(storage, V1).ensure()
      storage.sql.exec("INSERT INTO fruit VALUES ('apple')")
      expect(new Tables(storage, V2).ready).toBe(true)
      expect(storage.sql.exec('SELECT * FROM fruit').toArray()).toEqual([
        { name: 'apple', colour: 'green' },
      ])
    })
  })

  it('runs each migration once, however often the object wakes', async () => {
    await inside(newGrantStore(), (_: GrantStoreObject, { storage }) => {
      for (let wakes = 0; wakes < 3; wakes++) new Tables(storage, V2).ensure()
      expect(storage.kv.get('schema')).toBe(2)
    })
  })

  it('leaves the old schema whole when a migration fails', async () => {
    await inside(newGrantStore(), (_: GrantStoreObject, { storage }) => {
      new Tables(storage, V1).ensure()
      const broken = [...V1, 'CREATE TABLE leaf (name TEXT)', 'ALTER TABLE nowhere ADD COLUMN x']
      expect(() => new Tables(storage, broken)).toThrow(/nowhere/)
      expect(storage.kv.get('schema')).toBe(1)
      expect(tablesOf(storage)).toEqual(['fruit'])
    })
  })

  it('refuses tables of a newer release rather than damage them', async () => {
    await inside(newGrantStore(), (_: GrantStoreObject, { storage }) => {
      new Tables(storage, V2).ensure()
      expect(() => new Tables(storage, V1)).toThrow('Tables have schema 2, this release knows 1')
    })
  })

  it('can be written to again after it forgot everything', async () => {
    await inside(newGrantStore(), async (_: GrantStoreObject, { storage }) => {
      const tables = new Tables(storage, V1)
      tables.ensure()
      await tables.destroy()
      expect(tablesOf(storage)).toEqual([])
      tables.ensure()
      expect(tablesOf(storage)).toEqual(['fruit'])
    })
  })

  it('survives eviction', async () => {
    const stub = newGrantStore()
    await stub.put('key', 'value', {})
    await evictDurableObject(stub)
    expect(await stub.get('key')).toMatchObject({ value: 'value' })
  })
})
