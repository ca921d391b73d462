/**
 * One consent page, answered more than once: a double click, a lost answer, another mind. One answer
 * counts, whichever isolate and whatever became of the objects in between.
 */
import { evictDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { grantsOf } from '../../../workers/oauth/people/grants-of-person.ts'
import { CATALOG_MAX_AGE_MS, REPEATED_FORM_SECONDS } from '../../../workers/oauth/limits.ts'
import { AuthorizationServer, objects, REDIRECT_URI } from './_authorization-server.ts'

const ROUNDS = Array.from({ length: 10 }, (_, round) => round)
const ALLOW = { decision: 'approve' }
const DENY = { decision: 'deny' }

let as: AuthorizationServer
let client: string
beforeAll(async () => {
  as = await AuthorizationServer.start()
  await as.publish('clock')
  client = await as.newClient()
})

const newUser = () =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
const goesTo = (answer: Response): string | null => answer.headers.get('location')
const codeIn = (answer: Response) => new URL(goesTo(answer) ?? '').searchParams.get('code') ?? ''
const sentence = async (answer: Response) => ({
  status: answer.status,
  title: /<h1>(.*?)<\/h1>/.exec(await answer.text())?.[1],
})

describe('the same answer again', () => {
  it.each(ROUNDS)('8 at once: one redirect, one grant, one token; round %i', async () => {
    const user = newUser()
    const post = await as.openConsent(client, 'clock', user)
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(ALLOW)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 303))
    expect(new Set(answers.map(goesTo)).size).toBe(1)
    expect(await grantsOf(user, as.exchange)).toHaveLength(1)
    const code = codeIn(answers[0] as Response)
    const redeemed = await Promise.all([as.redeem(client, code), as.redeem(client, code)])
    expect(redeemed.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 400])
  })

  it.each([ALLOW, DENY])('one after the other, the objects evicted between: %o', async (choice) => {
    const post = await as.openConsent(client, 'clock', newUser())
    const first = await post(choice)
    await evictDurableObject(objects.GrantStoreObject.getByName(post.keptIn))
    const second = await post(choice)
    expect(second.status).toBe(303)
    expect(goesTo(second)).toBe(goesTo(first))
    expect(goesTo(second)).toContain(REDIRECT_URI)
  })

  it('a code that was redeemed is not handed out again: coming twice it would end its tokens', async () => {
    const post = await as.openConsent(client, 'clock', newUser())
    const tokens = await as.redeem(client, codeIn(await post(ALLOW)))
    const again = await post(ALLOW)
    expect(goesTo(again)).toBeNull()
    expect(await sentence(again)).toEqual({ status: 409, title: 'You allowed this already' })
    expect((await as.refresh(client, tokens.refresh_token)).status).toBe(200)
  })

  it('some seconds later it is told what counts', async () => {
    const post = await as.openConsent(client, 'clock', newUser())
    await post(ALLOW)
    vi.useFakeTimers({ now: Date.now() + (REPEATED_FORM_SECONDS + 2) * 1000, toFake: ['Date'] })
    try {
      const late = await post(ALLOW)
      expect(await sentence(late)).toEqual({ status: 409, title: 'You allowed this already' })
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('another answer', () => {
  it.each([
    ['deny, then allow', DENY, ALLOW, 'You denied this already'],
    ['allow, then deny', ALLOW, DENY, 'You allowed this already'],
    ['allow, then allow less', ALLOW, { ...ALLOW, limit: 'read_only' }, 'You allowed this already'],
  ])('%s: the first counts, and the page says so', async (_, first, second, title) => {
    const user = newUser()
    const post = await as.openConsent(client, 'clock', user)
    await post(first)
    expect(await sentence(await post(second))).toEqual({ status: 409, title })
    expect(await grantsOf(user, as.exchange)).toHaveLength(first === ALLOW ? 1 : 0)
  })

  it.each(ROUNDS)('allow and deny at once: one of them counts; round %i', async () => {
    const user = newUser()
    const post = await as.openConsent(client, 'clock', user)
    const answers = await Promise.all([post(ALLOW), post(DENY), post(ALLOW), post(DENY)])
    const redirects = answers.map(goesTo).filter((url) => url !== null)
    expect(new Set(redirects).size).toBe(1)
    expect(redirects).toHaveLength(2)
    const grants = await grantsOf(user, as.exchange)
    expect(grants).toHaveLength(redirects[0]?.includes('code=') ? 1 : 0)
  })
})

describe('no answer', () => {
  it.each([{}, { decision: '' }, { decision: 'maybe' }])('%o decides nothing', async (fields) => {
    const post = await as.openConsent(client, 'clock', newUser())
    const answer = await post(fields)
    expect(await sentence(answer)).toEqual({ status: 400, title: 'Nothing was decided' })
    expect((await post(ALLOW)).status).toBe(303)
  })

  it('a refusal that can be mended leaves the page open', async () => {
    const post = await as.openConsent(client, 'clock', newUser())
    await as.changePolicy('clock', { tenants: ['elsewhere'] })
    // Until the old policy counts nowhere: an answer it allows would be the page's answer.
    await scheduler.wait(CATALOG_MAX_AGE_MS + 100)
    expect((await post({ ...ALLOW, limit: 'read_only' })).status).toBe(400)
    await as.changePolicy('clock', { tenants: null })
    await expect.poll(async () => (await post(ALLOW)).status).toBe(303)
  })
})

describe('the answer of another browser or person is neither taken nor repeated', () => {
  it.each([ALLOW, DENY])('another browser: %o', async (choice) => {
    const post = await as.openConsent(client, 'clock', newUser())
    const cookie = await as.sessionOf(newUser())
    expect((await post(choice, { cookie })).status).toBe(400)
    await post(choice)
    expect((await post(choice, { cookie })).status).toBe(400)
  })

  it.each([ALLOW, DENY])('another person in this browser: %o', async (choice) => {
    const post = await as.openConsent(client, 'clock', newUser(), newUser())
    const answer = await post(choice)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('Another person is signed in now')
  })
})
