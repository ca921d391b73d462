/**
 * An object that moves, is updated, breaks off or is overloaded in the middle of a request: what
 * reads is asked again, what writes is not, and the caller is told to retry (503), not that we are
 * broken (500).
 */
import { runInDurableObject } from 'cloudflare:test'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isPassing, twice } from '#shared/contracts/object-failure.ts'
import { grantStoreOf } from '#shared/contracts/entrypoints.ts'
import { AuthorizationServer, objects } from './_authorization-server.ts'
import { breaking, type Breaking } from './_interleaved.ts'

let as: AuthorizationServer
let client: string
let grants: Breaking
let refreshToken: string
let users = 0

beforeAll(async () => {
  grants = breaking(objects.GrantStoreObject)
  as = await AuthorizationServer.start({ GRANTS: grants.namespace })
  await as.publish('clock')
  client = await as.newClient()
})
beforeEach(async () => {
  const user = `broken-${++users}`.padEnd(43, 'b')
  refreshToken = (await as.signIn(client, 'clock', user)).refresh_token
})

const refresh = () =>
  as.post('/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: client,
  })

it('a read that meets an object on the move is sent again: the client sees nothing of it', async () => {
  grants.breakNext(1)
  expect((await refresh()).status).toBe(200)
  expect(grants.called.slice(0, 2)).toEqual(['get', 'get'])
})

it.each([
  ['that stays away', 2, { retryable: true }, 2],
  ['that was reset', 2, { durableObjectReset: true }, 2],
  ['that is overloaded, which is not asked twice', 1, { overloaded: true }, 1],
] as const)('an object %s: 503, and when to come back', async (_, calls, properties, asked) => {
  grants.breakNext(calls, properties)
  const answer = await refresh()
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' })
  expect(grants.called).toEqual(Array.from({ length: asked }, () => 'get'))
  expect((await refresh()).status).toBe(200)
})

it('a write is not sent again: it may have counted', async () => {
  grants.breakNext(1, { retryable: true }, 'put')
  expect((await refresh()).status).toBe(503)
  expect(grants.called.filter((method) => method === 'put')).toHaveLength(1)
  expect((await refresh()).status).toBe(200)
})

it('what is at fault itself stays a 500: it would not pass', async () => {
  grants.breakNext(1, {})
  expect((await refresh()).status).toBe(500)
})

describe('as workerd itself says it', () => {
  /** Ends the object while a call of it is under way. */
  async function resetDuring(name: string): Promise<unknown> {
    const stub = grantStoreOf(objects.GrantStoreObject, name)
    await stub.get('any')
    const real = objects.GrantStoreObject.getByName(name)
    const calls = Array.from({ length: 20 }, () => stub.put('k', 'v', {}))
    const ended = runInDurableObject(real, (_, state) => state.abort('reset by a test'))
    const settled = await Promise.allSettled([...calls, ended])
    return settled.find(({ status }) => status === 'rejected')
  }

  it('the error of a reset object passes, and a second call reaches the new one', async () => {
    const rejected = (await resetDuring('reset')) as PromiseRejectedResult | undefined
    expect(rejected).toBeDefined()
    expect(isPassing(rejected?.reason)).toBe(true)
    const read = () => grantStoreOf(objects.GrantStoreObject, 'reset').get('k')
    // The row may be there or not: the call was cut. What counts is that it is answered.
    await expect(twice(read)).resolves.toSatisfy((row) => row === null || row.value === 'v')
  })
})
