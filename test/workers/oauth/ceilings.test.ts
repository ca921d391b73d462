/** Nothing of a stranger grows without bound, and nobody who has connected is locked out for it. */
import { runDurableObjectAlarm } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toBase64Url } from '#shared/lib/base64url.ts'
import { feedOf } from '#shared/contracts/entrypoints.ts'
import { grantKeyOf, type GrantSummary } from '../../../workers/oauth/token/grant-record.ts'
import { endGrant, grantsOf, makeRoom } from '../../../workers/oauth/people/grants-of-person.ts'
import { GRANTS_PER_PERSON_MAX, PENDING_PER_OBJECT_MAX } from '../../../workers/oauth/limits.ts'
import { beginSignIn } from '../../../workers/oauth/authorize/pending.ts'
import { AuthorizationServer, objects } from './_authorization-server.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})
const nowSeconds = (): number => Math.floor(Date.now() / 1000)

describe('registrations', () => {
  it('are refused beyond a ceiling for all, for a minute (RFC 7591 §3.2.2)', async () => {
    const as = await AuthorizationServer.start({ REGISTRATIONS_PER_MINUTE: '3' })
    const statuses = [await as.register(), await as.register(), await as.register()]
    expect(statuses.map(({ status }) => status)).toEqual([201, 201, 201])
    const refused = await as.register()
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('60')
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    vi.setSystemTime(Date.now() + 61_000)
    expect((await as.register()).status).toBe(201)
  })

  it('leave no trace but the count, which goes by alarm', async () => {
    const as = await AuthorizationServer.start()
    await as.register()
    // The window of the test before this one may have begun in its own future.
    vi.setSystemTime(Date.now() + 300_000)
    const counter = objects.GrantStoreObject.getByName('registrations')
    expect(await runDurableObjectAlarm(counter)).toBe(true)
    expect(await runDurableObjectAlarm(counter)).toBe(false)
  })
})

describe('sign-ins begun', () => {
  /** What the first id will be; those after it are random. */
  function firstId(): string {
    const bytes = new Uint8Array(32).fill(7)
    vi.spyOn(crypto, 'getRandomValues').mockImplementationOnce((into) => {
      ;(into as unknown as Uint8Array).set(bytes)
      return into
    })
    return '07'.repeat(32)
  }

  it('go to another object when one is full, and the full one takes no more', async () => {
    const as = await AuthorizationServer.start()
    const { shards } = as.exchange
    const id = firstId()
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id))
    const FULL = toBase64Url(new Uint8Array(digest)).slice(0, 2)
    const shard = shards.of(`t:${FULL}`)
    const expiresAtSeconds = nowSeconds() + 600
    await Promise.all(
      Array.from({ length: PENDING_PER_OBJECT_MAX }, (_, n) =>
        shard.put(`signin:${FULL}${n}`, '{}', { expiresAtSeconds }),
      ),
    )
    const { cookies } = await beginSignIn(shards, () => ({ returnTo: '/account' }))
    expect(cookies.join()).not.toContain(id)
    const asked = { expiresAtSeconds, ifRevision: 0, maxRows: PENDING_PER_OBJECT_MAX }
    expect(await shard.put(`signin:${FULL}x`, '{}', asked)).toBe(false)
    vi.setSystemTime(Date.now() + 601_000)
    const later = { ...asked, expiresAtSeconds: nowSeconds() + 600 }
    expect(await shard.put(`signin:${FULL}x`, '{}', later)).toBe(true)
  })
})

describe('connections of one person', () => {
  const USER = 'p'.repeat(43)
  const summary = (usedAtSeconds: number): GrantSummary => ({
    clientName: 'Test',
    client: { kind: 'computer' },
    server: 'clock',
    scopes: [],
    createdAtSeconds: 0,
    usedAtSeconds,
  })

  it('the one unused for longest ends when there are too many, and its tokens with it', async () => {
    const as = await AuthorizationServer.start()
    const shard = as.exchange.shards.of(`u:${USER}`)
    const ids = Array.from({ length: GRANTS_PER_PERSON_MAX }, (_, n) => `g${n}`)
    await Promise.all(
      ids.map((id, n) =>
        // The first was used last.
        shard.put(grantKeyOf(USER, id), '{}', { metadata: summary(ids.length - n) }),
      ),
    )
    await makeRoom(USER, as.exchange)
    const left = (await grantsOf(USER, as.exchange)).map(({ id }) => id)
    expect(left).toEqual(ids.slice(0, -1))
    const { revokedGrants } = await feedOf(objects.FeedObject).read()
    expect(revokedGrants).toContain(ids.at(-1))
  })

  it('what does not exist is not told to the feed', async () => {
    const as = await AuthorizationServer.start()
    await endGrant(USER, 'invented', as.exchange)
    const { revokedGrants } = await feedOf(objects.FeedObject).read()
    expect(revokedGrants).not.toContain('invented')
  })
})
