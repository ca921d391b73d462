/** Compare-and-set storage of the oauth Worker (DPOP §7). */
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GrantStoreObject } from '../../../durable-objects/identity/grant-store.ts'
import { inside, isEmpty, newGrantStore } from './_stubs.ts'

const nowSeconds = () => Math.floor(Date.now() / 1000)
const leftNothing = (stub: DurableObjectStub) =>
  inside(stub, (_: GrantStoreObject, state) => isEmpty(state))

describe('put', () => {
  it('lets exactly one of 8 parallel writers of one revision win', async () => {
    const store = newGrantStore()
    for (let round = 0; round < 20; round++) {
      const revision = (await store.get('code'))?.revision ?? 0
      const wins = await Promise.all(
        Array.from({ length: 8 }, (_, writer) =>
          store.put('code', `${round}/${writer}`, { ifRevision: revision }),
        ),
      )
      expect(wins.filter(Boolean)).toHaveLength(1)
      expect((await store.get('code'))?.value).toBe(`${round}/${wins.indexOf(true)}`)
    }
  })

  it('takes revision 0 as "must not exist"', async () => {
    const store = newGrantStore()
    expect(await store.put('key', 'first', { ifRevision: 0 })).toBe(true)
    expect(await store.put('key', 'second', { ifRevision: 0 })).toBe(false)
    expect(await store.get('key')).toMatchObject({ value: 'first', metadata: null })
  })

  it('never gives a revision twice, not even across delete and eviction', async () => {
    const store = newGrantStore()
    await store.put('key', 'old', {})
    const before = (await store.get('key'))!.revision
    await store.delete('key')
    await evictDurableObject(store)
    await store.put('key', 'new', {})
    expect((await store.get('key'))!.revision).toBeGreaterThan(before)
    expect(await store.put('key', 'stale writer', { ifRevision: before })).toBe(false)
  })

  it('refuses values larger than any the platform writes', async () => {
    const store = newGrantStore()
    await inside(store, async (instance: GrantStoreObject) => {
      await expect(instance.put('key', 'x'.repeat(256 * 1024 + 1), {})).rejects.toThrow(RangeError)
      await expect(instance.put('k'.repeat(1025), 'x', {})).rejects.toThrow(RangeError)
    })
    expect(await leftNothing(store)).toBe(true)
  })
})

describe('delete', () => {
  it('is true for exactly one of 8 parallel takers (single use)', async () => {
    const store = newGrantStore()
    await store.put('consent', 'handle', {})
    const taken = await Promise.all(Array.from({ length: 8 }, () => store.delete('consent')))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })
})

describe('expiry', () => {
  it('hides an expired value at once, before any alarm', async () => {
    const store = newGrantStore()
    await store.put('dead', 'value', { expiresAtSeconds: nowSeconds() - 1 })
    await store.put('alive', 'value', { expiresAtSeconds: nowSeconds() + 600 })
    expect(await store.get('dead')).toBeNull()
    expect((await store.list('', 10)).keys.map((key) => key.name)).toEqual(['alive'])
    expect(await store.delete('dead')).toBe(false)
    expect(await store.put('dead', 'again', { ifRevision: 0 })).toBe(true)
  })

  it('sweeps by one alarm and leaves storage empty, after eviction too', async () => {
    const store = newGrantStore()
    await store.put('a', 'value', { expiresAtSeconds: nowSeconds() - 1 })
    await store.put('b', 'value', { expiresAtSeconds: nowSeconds() - 1 })
    await evictDurableObject(store)
    expect(await runDurableObjectAlarm(store)).toBe(true)
    expect(await leftNothing(store)).toBe(true)
    expect(await store.put('a', 'again', { ifRevision: 0 })).toBe(true)
    expect(await store.get('a')).toMatchObject({ value: 'again' })
  })

  it('leaves storage empty once the last value was deleted', async () => {
    const store = newGrantStore()
    await store.put('a', 'value', {})
    await store.delete('a')
    expect(await runDurableObjectAlarm(store)).toBe(true)
    expect(await leftNothing(store)).toBe(true)
  })

  it('keeps an object that was only asked without any storage', async () => {
    const store = newGrantStore()
    expect(await store.get('nothing')).toBeNull()
    expect(await store.delete('nothing')).toBe(false)
    expect(await store.list('', 10)).toEqual({ keys: [] })
    expect(await leftNothing(store)).toBe(true)
  })

  it('keeps what has not expired when the alarm comes', async () => {
    const store = newGrantStore()
    await store.put('short', 'value', { expiresAtSeconds: nowSeconds() - 1 })
    await store.put('long', 'value', { expiresAtSeconds: nowSeconds() + 3600 })
    await runDurableObjectAlarm(store)
    expect(await store.get('long')).toMatchObject({ value: 'value' })
    const due = await inside(store, (_: GrantStoreObject, { storage }) => storage.getAlarm())
    expect(due).toBeGreaterThan(Date.now() + 3_000_000)
  })
})

describe('list', () => {
  it('pages through one prefix in order, metadata and expiry beside each name', async () => {
    const store = newGrantStore()
    const expiresAtSeconds = nowSeconds() + 600
    for (const id of ['3', '1', '2']) {
      await store.put(`grant:u:${id}`, 'value', { metadata: { id }, expiresAtSeconds })
    }
    await store.put('grant:v:1', 'value', {})
    const first = await store.list('grant:u:', 2)
    expect(first.keys).toEqual([
      { name: 'grant:u:1', metadata: { id: '1' }, expiresAtSeconds },
      { name: 'grant:u:2', metadata: { id: '2' }, expiresAtSeconds },
    ])
    const second = await store.list('grant:u:', 2, first.cursor)
    expect(second.keys.map((key) => key.name)).toEqual(['grant:u:3'])
    expect(second.cursor).toBeUndefined()
    expect((await store.list('grant:v:', 2, 'a')).keys.map((key) => key.name)).toEqual([
      'grant:v:1',
    ])
  })

  it('takes SQL wildcards in a prefix literally', async () => {
    const store = newGrantStore()
    await store.put('a%b', 'value', {})
    await store.put('axb', 'value', {})
    expect((await store.list('a%', 10)).keys.map((key) => key.name)).toEqual(['a%b'])
    expect((await store.list('a_', 10)).keys).toEqual([])
  })
})

describe('against a Map', () => {
  const key = fc.constantFrom('a', 'a:1', 'a:2', 'b', 'ä', '')
  const operation = fc.oneof(
    fc.record({ put: key, value: fc.string(), known: fc.option(fc.boolean()) }),
    fc.record({ delete: key }),
    fc.record({ list: fc.constantFrom('', 'a', 'a:', 'z') }),
    fc.constant({ evict: true as const }),
  )

  it('answers every sequence of operations and evictions alike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 15 }), async (operations) => {
        const store = newGrantStore()
        const model = new Map<string, string>()
        for (const step of operations) {
          if ('evict' in step) {
            // An object that never ran cannot be evicted.
            await store.get('a')
            await evictDurableObject(store)
          } else if ('put' in step) {
            const revision = (await store.get(step.put))?.revision ?? 0
            const options =
              step.known === null ? {} : { ifRevision: revision + (step.known ? 0 : 1) }
            const written = await store.put(step.put, step.value, options)
            expect(written).toBe(step.known !== false)
            if (written) model.set(step.put, step.value)
          } else if ('delete' in step) {
            expect(await store.delete(step.delete)).toBe(model.delete(step.delete))
          } else {
            const { keys } = await store.list(step.list, 100)
            const expected = [...model.keys()].filter((name) => name.startsWith(step.list)).sort()
            expect(keys.map(({ name }) => name)).toEqual(expected)
          }
        }
        for (const [name, value] of model) expect((await store.get(name))?.value).toBe(value)
      }),
      { numRuns: 25 },
    )
  })
})
