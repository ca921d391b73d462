/** Backup and restore over the real objects: what is found, what comes back, what stays ended. */
import { evictDurableObject, reset, runDurableObjectAlarm } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  apiKeysOf,
  connectionOf,
  directoryOf,
  feedOf,
  grantStoreOf,
} from '#shared/contracts/entrypoints.ts'
import { type BackupRecord } from '#shared/catalog/backup-contract.ts'
import {
  GRANT_STORE_MIGRATIONS,
  type GrantStoreObject,
} from '../../../durable-objects/identity/grant-store.ts'
import { BACKUP_OBJECTS_PER_PAGE } from '../../../durable-objects/limits.ts'
import { backup, ID, of, read, write } from './_backup.ts'
import { inside } from './_stubs.ts'

const objects = exports as unknown as Record<string, DurableObjectNamespace>
const DAY_SECONDS = 86_400
const nowSeconds = (): number => Math.floor(Date.now() / 1000)

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  vi.useRealTimers()
  await reset()
})
const pass = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000)

const person = (number: number): string => `person-${number}`.padEnd(43, '_')
const shardOf = (number: number) =>
  grantStoreOf(objects['GrantStoreObject']!, `u:${person(number)}`)
const keyOf = (number: number, id: string): string => `grant:${person(number)}:${id}`
async function consent(number: number, id: string, days = 30): Promise<void> {
  const expiresAtSeconds = nowSeconds() + days * DAY_SECONDS
  const metadata = { clientName: 'A client' }
  await shardOf(number).put(keyOf(number, id), `value of ${id}`, { expiresAtSeconds, metadata })
}

describe('grants', () => {
  it('of more people than a page takes are all found, pending codes left out', async () => {
    const count = 2 * BACKUP_OBJECTS_PER_PAGE + 3
    for (let number = 0; number < count; number += 1) await consent(number, 'g')
    await shardOf(0).put(keyOf(0, 'code'), 'a code', { expiresAtSeconds: nowSeconds() + 600 })
    await grantStoreOf(objects['GrantStoreObject']!, 't:ab').put('transaction:ab', 'pending', {})
    const grants = of(await read(), 'grant')
    expect(new Set(grants.map(({ row }) => row.key)).size).toBe(count)
    expect(grants).toHaveLength(count)
  })

  it('come back as they were, once', async () => {
    await consent(1, 'a')
    await consent(1, 'b')
    const before = await shardOf(1).get(keyOf(1, 'a'))
    const records = await read()
    await reset()
    expect(await write(records)).toMatchObject({ written: 2, kept: 0 })
    expect(await shardOf(1).get(keyOf(1, 'a'))).toEqual({ ...before, revision: expect.any(Number) })
    expect(await write(records)).toMatchObject({ written: 0, kept: 2 })
    expect(of(await read('the-next-backup'), 'grant')).toHaveLength(2)
  })

  it('that were ended since stay ended, also when the object has nothing else left', async () => {
    await consent(1, 'a')
    const records = await read()
    await shardOf(1).delete(keyOf(1, 'a'))
    await runDurableObjectAlarm(stub(1))
    await evictDurableObject(stub(1))
    expect(await write(records)).toMatchObject({ written: 0, kept: 1 })
    expect(await shardOf(1).get(keyOf(1, 'a'))).toBeNull()
  })

  it('that changed since are not turned back', async () => {
    await consent(1, 'a')
    const records = await read()
    await shardOf(1).put(keyOf(1, 'a'), 'rotated', { expiresAtSeconds: nowSeconds() + DAY_SECONDS })
    await write(records)
    expect(await shardOf(1).get(keyOf(1, 'a'))).toMatchObject({ value: 'rotated' })
  })

  it('that the feed knows to be revoked do not come back where the object was lost', async () => {
    await consent(1, 'a')
    await consent(1, 'b')
    const records = await read()
    await reset()
    await feedOf(objects['FeedObject']!).revokeGrant('a', nowSeconds() + 60)
    expect(await write(records)).toMatchObject({ written: 1, kept: 1 })
    expect(await shardOf(1).get(keyOf(1, 'a'))).toBeNull()
  })

  it('whose revocation is in the same page do not come back either', async () => {
    await consent(1, 'a')
    const records = await read()
    await reset()
    const row = { kind: 'grant', id: 'a', untilSeconds: nowSeconds() + 60 } as const
    await write([...records, { kind: 'forbidden', row }])
    expect(await shardOf(1).get(keyOf(1, 'a'))).toBeNull()
  })

  it('that expired since stay away', async () => {
    await consent(1, 'a', 2)
    const records = await read()
    await reset()
    pass(3 * DAY_SECONDS)
    expect(await write(records)).toMatchObject({ written: 0, kept: 1 })
  })

  it('the memory of ended ones goes when they would have expired, and the object with it', async () => {
    await consent(1, 'a', 2)
    await shardOf(1).delete(keyOf(1, 'a'))
    pass(3 * DAY_SECONDS)
    await runDurableObjectAlarm(stub(1))
    expect(await directory().page('grants', '', 10)).toEqual([])
    const tables = await inside(stub(1), (_: GrantStoreObject, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'item'").toArray(),
    )
    expect(tables).toEqual([])
  })

  it('a person who comes back is in the directory again', async () => {
    await consent(1, 'a', 2)
    pass(3 * DAY_SECONDS)
    await runDurableObjectAlarm(stub(1))
    await consent(1, 'b')
    expect(of(await read(), 'grant').map(({ row }) => row.key)).toEqual([keyOf(1, 'b')])
  })
})

const stub = (number: number): DurableObjectStub =>
  objects['GrantStoreObject']!.getByName(`u:${person(number)}`)
const directory = () => directoryOf(objects['DirectoryObject']!)

describe('objects of an earlier release', () => {
  /** As schema 1 had it: no tombstones, not in the directory. */
  const makeOld = (number: number): Promise<void> =>
    inside(stub(number), (_: GrantStoreObject, { storage }) => {
      storage.sql.exec(String(GRANT_STORE_MIGRATIONS[0]))
      storage.kv.put('schema', 1)
      storage.sql.exec(
        'INSERT INTO item VALUES (?, ?, ?, ?, ?)',
        keyOf(number, 'old'),
        'an old grant',
        1,
        'null',
        nowSeconds() + 30 * DAY_SECONDS,
      )
    }).then(() => evictDurableObject(stub(number)))

  it('enter the directory when a client refreshes', async () => {
    await makeOld(1)
    expect(of(await read(), 'grant')).toHaveLength(0)
    await shardOf(1).put(keyOf(1, 'old'), 'refreshed', {
      expiresAtSeconds: nowSeconds() + 30 * DAY_SECONDS,
    })
    expect(of(await read(), 'grant')).toHaveLength(1)
  })

  it('enter it by alarm, too', async () => {
    await makeOld(1)
    await inside(stub(1), (instance: GrantStoreObject) => instance.alarm())
    expect(of(await read(), 'grant')).toHaveLength(1)
  })

  it('are adopted by their ids, and others are left alone', async () => {
    await makeOld(1)
    await makeOld(2)
    const pending = objects['GrantStoreObject']!.getByName('t:ab')
    const ids = [stub(1), stub(2), pending].map(({ id }) => id.toString())
    expect(await backup.adopt(ids)).toBe(2)
    expect(of(await read(), 'grant')).toHaveLength(2)
  })
})

describe('API keys', () => {
  const keys = () => apiKeysOf(objects['ApiKeysObject']!)
  const make = (id: string) =>
    keys().create({
      id,
      hash: `hash of ${id}`,
      name: id,
      tenant: 'default',
      subject: 'ci',
      scopes: ['a'],
      servers: [],
      lifetimeSeconds: 200 * DAY_SECONDS,
    })

  it('come back with their hashes, revoked ones as revoked', async () => {
    await make('one')
    await make('two')
    await keys().revoke('two')
    const records = await read()
    await reset()
    await write(records)
    expect(await keys().verify('one', 'hash of one')).toMatchObject({ subject: 'ci' })
    expect(await keys().verify('one', 'another')).toBeNull()
    expect(await keys().verify('two', 'hash of two')).toBeNull()
  })

  it.each([0, 31])('revoked since the backup stay so, also %i days later', async (days) => {
    await make('one')
    const records = await read()
    await keys().revoke('one')
    pass(days * DAY_SECONDS)
    expect(await keys().list()).toHaveLength(days === 0 ? 1 : 0)
    await write(records)
    expect(await keys().verify('one', 'hash of one')).toBeNull()
  })

  it('rotated since the backup end when they were to end', async () => {
    await make('one')
    const records = await read()
    await keys().rotate('one', { id: 'two', hash: 'hash of two' }, 600)
    await write(records)
    pass(601)
    expect(await keys().verify('one', 'hash of one')).toBeNull()
    expect(await keys().verify('two', 'hash of two')).not.toBeNull()
  })

  it('a revocation that only the backup knows counts', async () => {
    await make('one')
    const records = of(await read(), 'api-key')
    const row = { ...records[0]!.row, revokedAtSeconds: nowSeconds() }
    await write([{ kind: 'api-key', row }])
    expect(await keys().verify('one', 'hash of one')).toBeNull()
  })
})

describe('linked accounts', () => {
  const owner = { tenant: 'default', subject: 'ada', service: 'forge' }
  const connection = () => connectionOf(objects['ConnectionObject']!, owner)
  const row = () => ({
    sealed: 'k1.sealed',
    revision: 7,
    linkedAtSeconds: nowSeconds(),
    expiresMs: Date.now() + 30 * DAY_SECONDS * 1000,
  })
  const record = (): BackupRecord => ({ kind: 'connection', owner, row: row() })

  it('come back, are found by the next backup, and end when they would have', async () => {
    expect(await write([record()])).toMatchObject({ written: 1 })
    expect(of(await read(), 'connection')).toEqual([
      { kind: 'connection', owner, row: expect.objectContaining({ sealed: 'k1.sealed' }) },
    ])
    pass(31 * DAY_SECONDS)
    await runDurableObjectAlarm(objects['ConnectionObject']!.getByName('["default","ada","forge"]'))
    expect(await connection().backUp()).toBeNull()
    expect(await directory().page('connection', '', 10)).toEqual([])
  })

  it('a newer one is not overwritten', async () => {
    await write([record()])
    const newer = { ...row(), sealed: 'k1.other' }
    expect(await write([{ kind: 'connection', owner, row: newer }])).toMatchObject({ kept: 1 })
    expect(await connection().backUp()).toMatchObject({ sealed: 'k1.sealed' })
  })

  it('unlinked since the backup stays unlinked, after an eviction too', async () => {
    const before = record()
    await write([before])
    pass(60)
    await connection().unlink(owner)
    await evictDurableObject(objects['ConnectionObject']!.getByName('["default","ada","forge"]'))
    expect(await write([before])).toMatchObject({ written: 0, kept: 1 })
    expect(await connection().backUp()).toBeNull()
  })
})

it('revocations and session tombstones come back, as long as they were to last', async () => {
  const feed = () => feedOf(objects['FeedObject']!)
  await feed().revokeGrant('a', nowSeconds() + 100)
  await feed().deleteSession('s', nowSeconds() + 1_000)
  const records = of(await read(), 'forbidden')
  expect(records).toHaveLength(2)
  await reset()
  await write(records)
  expect(await feed().read()).toMatchObject({ revokedGrants: ['a'], deletedSessions: ['s'] })
  pass(500)
  expect(await feed().read()).toMatchObject({ revokedGrants: [], deletedSessions: ['s'] })
})

describe('the entrypoint', () => {
  it.each([
    ['no list', { kind: 'grant' }],
    ['a kind it does not know', [{ kind: 'session', row: {} }]],
    ['a member it does not know', [{ kind: 'grant', row: { key: 'a' }, more: 1 }]],
    ['a key of another kind of row', [grantRow('transaction:ab')]],
    ['a key of no person', [grantRow('grant:short:a')]],
  ])('refuses %s, whole', async (_, records) => {
    const good = [grantRow(keyOf(1, 'good'))]
    const page = Array.isArray(records) ? [...good, ...records] : records
    expect(await backup.write(ID, page)).toMatchObject({
      ok: false,
      failure: { reason: 'invalid' },
    })
    expect(await shardOf(1).get(keyOf(1, 'good'))).toBeNull()
  })

  it.each(['nowhere', 'nowhere:', ':x', ''])('refuses the cursor %j', async (cursor) => {
    expect(await backup.read(ID, cursor)).toMatchObject({ ok: false })
  })
})

function grantRow(key: string) {
  const row = { key, value: 'v', metadata: null, expiresAtSeconds: null }
  return { kind: 'grant', row } as const
}
