/**
 * What workers-oauth-provider takes for KV, over the real object, with two
 * requests interleaved on purpose: both have read before either writes.
 */
import { exports } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { GrantKv, Shards } from '../../../workers/oauth/store.ts'

const USER = 'u'.repeat(43)
const GRANT = `grant:${USER}:g1`
/** As much of a grant as the adapter itself reads. */
const grant = (code: string) => ({
  id: 'g1',
  clientId: 'dcr_x',
  userId: USER,
  scope: [],
  createdAt: 0,
  code,
})
const text = (code: string): string => JSON.stringify(grant(code))
const namespace = exports.GrantStoreObject as unknown as DurableObjectNamespace

function request(revoked: string[] = []): GrantKv {
  return new GrantKv({
    shards: new Shards(namespace),
    openClient: () => Promise.resolve(undefined),
    grantRevoked: (grantId) => Promise.resolve(void revoked.push(grantId)),
    publicOrigin: 'https://mcp.example',
  })
}

it('of two requests that read one grant, the second to write gets invalid_grant', async () => {
  await request().put(GRANT, text('open'))
  const [one, two] = [request(), request()]
  await Promise.all([one.get(GRANT), two.get(GRANT)])
  await one.put(GRANT, text('used by one'))
  await expect(two.put(GRANT, text('used by two'))).rejects.toMatchObject({
    code: 'invalid_grant',
  })
  expect(await request().get(GRANT, { type: 'json' })).toEqual(grant('used by one'))
})

it('a key that was not read must not exist yet', async () => {
  const key = `grant:${USER}:g2`
  await request().put(key, text(''))
  await expect(request().put(key, text(''))).rejects.toMatchObject({ code: 'invalid_grant' })
})

it('of two requests that opened one consent page, the second to finish is refused', async () => {
  const key = `transaction:${'ab'.repeat(32)}`
  await request().put(key, 'sealed', { expirationTtl: 600 })
  const [one, two] = [request(), request()]
  await Promise.all([one.get(key), two.get(key)])
  await one.delete(key)
  await expect(two.delete(key)).rejects.toMatchObject({ code: 'invalid_request' })
})

it('a grant that goes is announced first, by its id', async () => {
  const revoked: string[] = []
  const key = `grant:${USER}:g3`
  await request().put(key, text(''))
  await request(revoked).delete(key)
  expect(revoked).toEqual(['g3'])
  expect(await request().get(key)).toBeNull()
})

it('the rows of opaque access tokens are never kept: ours are JWTs', async () => {
  const key = `token:${USER}:g1:t1`
  await request().put(key, '{}', { expirationTtl: 600 })
  expect(await request().get(key)).toBeNull()
  expect(await request().list({ prefix: `token:${USER}:g1:` })).toMatchObject({ keys: [] })
})

it.each(['grant:../..:x', `grant:${USER}`, 'grant:short:x', 'nonsense'])(
  'no object is woken for the key %s',
  async (key) => {
    expect(new Shards(namespace).holding(key)).toBeUndefined()
    expect(await request().get(key)).toBeNull()
  },
)
