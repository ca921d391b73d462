/** What a browser sends twice while a person signs in: the objects decide, evicted in between. */
import { evictDurableObject } from 'cloudflare:test'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { FORM_COOKIE, SIGN_IN_COOKIE } from '../../../workers/oauth/people/cookies.ts'
import { REPEATED_FORM_SECONDS } from '../../../workers/oauth/limits.ts'
import { redeemOwnerLink, type OwnerLink } from '../../../workers/oauth/people/owner-link.ts'
import { beginSignIn, claimSignIn, endSignIn } from '../../../workers/oauth/authorize/pending.ts'
import { AuthorizationServer, ISSUER, objects } from './_authorization-server.ts'

let as: AuthorizationServer
beforeAll(async () => {
  as = await AuthorizationServer.start()
})
afterEach(() => vi.useRealTimers())

const nowSeconds = () => Math.floor(Date.now() / 1000)
const later = (seconds: number) =>
  vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] })
const evict = (name: string) => evictDurableObject(objects.GrantStoreObject.getByName(name))

async function newLink(token: string): Promise<OwnerLink> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  const hash = [...new Uint8Array(digest)].map((n) => n.toString(16).padStart(2, '0')).join('')
  return { hash, expiresAtSeconds: nowSeconds() + 600, once: true }
}

it('an owner link counts twice in the browser that used it, for some seconds, and in no other', async () => {
  const { shards } = as.exchange
  const link = await newLink('token')
  const redeem = (browser: string | undefined) => redeemOwnerLink(link, 'token', browser, shards)
  const at8 = await Promise.all(Array.from({ length: 8 }, () => redeem('mine')))
  expect(at8).toEqual(at8.map(() => true))
  await evict('owner')
  expect(await redeem('mine')).toBe(true)
  expect(await redeem('theirs')).toBe(false)
  expect(await redeem(undefined)).toBe(false)
  expect(await redeemOwnerLink(link, 'other token', 'mine', shards)).toBe(false)
  later(REPEATED_FORM_SECONDS + 2)
  expect(await redeem('mine')).toBe(false)
})

it('used where no cookie came along, it counts once', async () => {
  const link = await newLink('cookieless')
  const redeem = () => redeemOwnerLink(link, 'cookieless', undefined, as.exchange.shards)
  expect([await redeem(), await redeem()]).toEqual([true, false])
})

/** A sign-in that a browser began: its cookies, and where it is kept. */
async function begun(state?: string) {
  const { shards } = as.exchange
  const { tag, cookies } = await beginSignIn(shards, (made) => ({
    returnTo: '/account',
    ...(state ? { idp: { state: `${made}.${state}`, nonce: 'n', verifier: 'v' } } : {}),
  }))
  const cookie = cookies.map((line) => line.split(';', 1)[0]).join('; ')
  const id = cookie.split('=')[1]?.split(';')[0] ?? ''
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id))
  const [first = 0, second = 0] = new Uint8Array(digest)
  const characters = btoa(String.fromCharCode(first, second, 0)).slice(0, 2)
  const keptIn = `t:${characters.replaceAll('+', '-').replaceAll('/', '_')}`
  return {
    tag,
    keptIn,
    state: `${tag}.${state}`,
    request: new Request(ISSUER, { headers: { cookie } }),
  }
}

it('where the owner goes on to is told twice', async () => {
  const { request, tag, keptIn } = await begun()
  expect(await endSignIn(request, as.exchange.shards, tag)).toEqual({ returnTo: '/account' })
  await evict(keptIn)
  expect(await endSignIn(request, as.exchange.shards, tag)).toEqual({ returnTo: '/account' })
})

it('of 8 answers of an IdP one claims the sign-in; later ones learn how it ended, after an eviction too', async () => {
  const { request, state, keptIn } = await begun('state')
  const { shards } = as.exchange
  const claims = await Promise.all(
    Array.from({ length: 8 }, () => claimSignIn(request, shards, state)),
  )
  const [mine, ...others] = claims.filter((claim) => claim?.kind === 'claimed')
  expect(others).toEqual([])
  expect(claims.filter((claim) => claim?.kind === 'under_way')).toHaveLength(7)
  const person = { subject: 'ada', tenant: 'default' }
  if (mine?.kind === 'claimed') await mine.settle(person)
  await evict(keptIn)
  expect(await claimSignIn(request, shards, state)).toMatchObject({
    kind: 'finished',
    outcome: person,
    pending: { returnTo: '/account' },
  })
})

it('an answer to something else, or in another browser, uses nothing up', async () => {
  const { request, state, tag } = await begun('state')
  const { shards } = as.exchange
  const strange = new Request(ISSUER, {
    headers: { cookie: `${SIGN_IN_COOKIE}=x; ${FORM_COOKIE}=x` },
  })
  for (const made of ['made-up', `${tag}.made-up`, tag, '']) {
    expect(await claimSignIn(request, shards, made)).toBeUndefined()
  }
  expect(await claimSignIn(strange, shards, state)).toBeUndefined()
  expect(await claimSignIn(request, shards, state)).toMatchObject({ kind: 'claimed' })
})
