/** The one object of API keys: which count, for how long, across evictions. */
import { evictDurableObject } from 'cloudflare:test'
import { expect, it } from 'vitest'
import type { ApiKeysObject } from '../../../durable-objects/identity/api-keys.ts'
import { API_KEYS_MAX } from '../../../durable-objects/limits.ts'
import type { NewApiKey } from '#shared/contracts/entrypoints.ts'
import { inside, newApiKeys as newKeys } from './_stubs.ts'

const CI: NewApiKey = {
  id: 'id-1',
  hash: 'hash-1',
  name: 'CI',
  tenant: 'default',
  subject: 'ci',
  scopes: ['a'],
  servers: ['notes'],
  lifetimeSeconds: 1_000,
}
const NEXT = { id: 'id-2', hash: 'hash-2' }
const age = (stub: DurableObjectStub, bySeconds: number) =>
  inside(stub, (_: ApiKeysObject, { storage }) => {
    storage.sql.exec(
      `UPDATE key SET created_at_s = created_at_s - ?1, expires_at_s = expires_at_s - ?1,
       revoked_at_s = revoked_at_s - ?1`,
      bySeconds,
    )
  })

it('hands out a key to who brings its hash, across an eviction, and tells when it was used', async () => {
  const keys = newKeys()
  expect(await keys.create(CI)).toMatchObject({ ok: true })
  await evictDurableObject(keys)
  expect(await keys.verify('id-1', 'hash-1')).toMatchObject({ subject: 'ci', scopes: ['a'] })
  expect(await keys.verify('id-1', 'hash-2')).toBeNull()
  expect(await keys.verify('id-2', 'hash-1')).toBeNull()
  expect(await keys.list()).toMatchObject([
    { id: 'id-1', lastUsedAtSeconds: expect.any(Number) as number },
  ])
  expect(JSON.stringify(await keys.list())).not.toContain('hash-1')
})

it('an object that was only asked keeps nothing', async () => {
  const keys = newKeys()
  expect(await keys.verify('id-1', 'hash-1')).toBeNull()
  expect(await keys.list()).toEqual([])
  expect(await keys.rotate('id-1', NEXT, 600)).toMatchObject({ failure: { reason: 'unknown' } })
  expect(await keys.revoke('id-1')).toMatchObject({ failure: { reason: 'unknown' } })
})

it('a key ends with its time, and a month later nobody hears of it', async () => {
  const keys = newKeys()
  await keys.create(CI)
  await age(keys, 1_000)
  expect(await keys.verify('id-1', 'hash-1')).toBeNull()
  expect(await keys.list()).toHaveLength(1)
  await age(keys, 31 * 86_400)
  expect(await keys.list()).toEqual([])
})

it('rotated: both count for the overlap, then the successor alone, which lives as long', async () => {
  const keys = newKeys()
  await keys.create(CI)
  expect(await keys.rotate('id-1', NEXT, 600)).toMatchObject({ ok: true, value: { id: 'id-2' } })
  expect(await keys.verify('id-1', 'hash-1')).not.toBeNull()
  expect(await keys.verify('id-2', 'hash-2')).toMatchObject({ subject: 'ci', servers: ['notes'] })
  await age(keys, 600)
  expect(await keys.verify('id-1', 'hash-1')).toBeNull()
  expect(await keys.verify('id-2', 'hash-2')).not.toBeNull()
  expect(await keys.rotate('id-1', { id: 'id-3', hash: 'h' }, 600)).toMatchObject({
    failure: { reason: 'revoked' },
  })
})

it('revoked is revoked, however often; an id is taken once', async () => {
  const keys = newKeys()
  await keys.create(CI)
  expect(await keys.create({ ...CI, hash: 'other' })).toMatchObject({
    failure: { reason: 'exists' },
  })
  const first = await keys.revoke('id-1')
  expect(await keys.verify('id-1', 'hash-1')).toBeNull()
  expect(await keys.revoke('id-1')).toEqual(first)
})

it('holds no more keys than it may', async () => {
  const keys = newKeys()
  await keys.create(CI)
  await inside(keys, (_: ApiKeysObject, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO key SELECT 'x' || i, hash, name, tenant, subject, scopes, servers, created_at_s,
         expires_at_s, NULL, NULL, NULL FROM n, key WHERE key.id = 'id-1'`,
      API_KEYS_MAX - 1,
    )
  })
  expect(await keys.create({ ...CI, id: 'late' })).toMatchObject({
    failure: { reason: 'too_many' },
  })
})
