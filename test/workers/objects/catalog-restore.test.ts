/** A backup's catalog comes back, with what operators said since the loss on top. */
import { evictDurableObject, reset } from 'cloudflare:test'
import { afterEach, describe, expect, it } from 'vitest'
import type { BackupRecord } from '#shared/catalog/backup-contract.ts'
import { backup, ID, read, write } from './_backup.ts'
import { describeTools } from './_descriptions.ts'
import { tell } from './_operator.ts'
import { settled } from './_settled.ts'
import { theCatalog } from './_stubs.ts'

afterEach(() => reset())

describe('the catalog', () => {
  const state = async (name: string) => (await tell('GET', `/servers/${name}`)).body
  const history = async (): Promise<string[]> =>
    (await tell('GET', '/history')).body.changes.map(
      ({ action, server, by }: Record<string, string>) => `${by} ${action} ${server ?? ''}`.trim(),
    )
  const publish = async (name: string, ...tools: string[]) =>
    theCatalog().publish(name, await describeTools(...tools))

  afterEach(() => settled())

  async function lost(records: readonly BackupRecord[]): Promise<readonly BackupRecord[]> {
    await settled()
    await reset()
    return records
  }

  it('comes back with words, history, revisions and rules', async () => {
    await publish('clock', 'now')
    await publish('clock', 'now', 'later')
    await tell('POST', '/servers/clock/disable', { item: 'tool:now' })
    await tell('PATCH', '/servers/clock/policy', { strict: true })
    const rules = [{ effect: 'deny', who: { groups: ['guests'] }, servers: ['clock'] }]
    expect((await tell('PUT', '/rules', { rules })).body).toMatchObject({ changed: true })
    const before = { state: await state('clock'), history: await history() }
    const records = await lost(await read())
    const { catalog } = await write(records)
    expect(catalog).toEqual({
      written: 1,
      kept: 0,
      warnings: [],
      wasLost: true,
      isInForce: true,
    })
    const { updatedMs: _now, ...after } = await state('clock')
    const { updatedMs: _then, ...expected } = before.state
    expect(after).toEqual(expected)
    expect((await tell('GET', '/rules')).body.rules).toEqual(rules)
    const lines = await history()
    expect(lines[0]).toBe('operator restore')
    expect(lines.slice(-before.history.length)).toEqual(before.history)
    await tell('POST', '/servers/clock/enable', { item: 'tool:now' })
    expect((await history())[0]).toBe('ada enable clock')
  })

  it('what operators did since the loss goes on top, what runs goes live as a deploy would', async () => {
    await publish('clock', 'now')
    await publish('shop', 'buy')
    await publish('notes', 'add')
    await tell('PATCH', '/servers/clock/tuning', {
      patch: { tools: { now: { description: 'Mine' } } },
    })
    await tell('PATCH', '/servers/shop/policy', { publish: 'review', strict: true })
    const records = await lost(await read())
    await publish('clock', 'now', 'later')
    await publish('shop', 'buy', 'sell')
    await publish('notes', 'add')
    await publish('weather', 'forecast')
    await tell('POST', '/servers/clock/disable', {}, 'eve')
    await tell('DELETE', '/servers/notes', undefined, 'eve')
    expect((await write(records)).catalog).toMatchObject({ written: 2, kept: 1, warnings: [] })
    const clock = await state('clock')
    expect(clock).toMatchObject({ enabled: false })
    expect(clock.labels.live.tuning).toEqual({ tools: { now: { description: 'Mine' } } })
    expect(clock.labels.live.digest).toBe((await describeTools('now', 'later')).digest)
    const shop = await state('shop')
    expect(shop).toMatchObject({ policy: { publish: 'review', strict: true } })
    expect(shop.labels.live.digest).toBe((await describeTools('buy')).digest)
    expect(shop.waiting).toBe((await describeTools('buy', 'sell')).digest)
    expect((await tell('GET', '/servers/notes')).status).toBe(404)
    expect((await state('weather')).enabled).toBe(true)
    expect(await history()).toEqual(
      expect.arrayContaining(['eve disable clock', 'ada policy shop', 'deploy create weather']),
    )
  })

  it('again, and interrupted before the end, leads to the same', async () => {
    await publish('clock', 'now')
    await tell('POST', '/servers/clock/disable', {})
    const records = await lost(await read())
    await backup.write(ID, records.slice(0, 2))
    await evictDurableObject(theCatalog())
    expect((await tell('GET', '/servers/clock')).status).toBe(404)
    await write(records)
    const after = await history()
    expect((await write(records)).catalog).toMatchObject({ written: 0, kept: 1 })
    expect((await history()).slice(1)).toEqual(after)
    await tell('POST', '/servers/clock/enable', {})
    await write(records)
    expect((await state('clock')).enabled).toBe(true)
  })

  it('one that was not lost stays as it is', async () => {
    await publish('clock', 'now')
    const records = await read()
    await tell('POST', '/servers/clock/disable', {})
    await publish('shop', 'buy')
    expect((await write(records)).catalog).toMatchObject({ written: 0, kept: 1 })
    expect((await state('clock')).enabled).toBe(false)
    expect((await state('shop')).enabled).toBe(true)
  })

  it('records of one backup never come in force with those of another', async () => {
    await publish('clock', 'now')
    const first = await read('the-first-one')
    await publish('shop', 'buy')
    const second = await lost(await read('the-second-one'))
    await backup.write('the-second-one', second)
    await write(first, 'the-first-one')
    expect((await tell('GET', '/servers/shop')).status).toBe(404)
  })

  it('a server whose live revision the backup lacks is named, the others come back', async () => {
    await publish('clock', 'now')
    await publish('shop', 'buy')
    const records = (await lost(await read())).filter(
      (one) => one.kind !== 'revision' || one.row.server !== 'shop',
    )
    const { catalog } = await write(records)
    expect(catalog.warnings).toEqual([expect.stringContaining('shop')])
    expect((await tell('GET', '/servers/clock')).status).toBe(200)
  })
})
