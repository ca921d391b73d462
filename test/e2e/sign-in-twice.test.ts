/** Signing in with two clicks, in two tabs, with an answer that came twice: nothing is lost by it. */
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mintOwnerLink } from '../../scripts/owner-link.ts'
import { browserTest, launchBrowser } from './_browser.ts'
import { IDP_CLIENT, signInAtIdp, startIdp, type Idp } from './_idp.ts'
import { begin, type Flow } from './_oauth-client.ts'
import { inputs, Person, signInAsOwner, type Page } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

const isConsent = ({ html }: Page) => inputs(html, 'handle').length === 1
const stateOf = ({ url }: Page) => new URL(url).searchParams.get('state')

describe('an owner link that may be used once', () => {
  let platform: Platform
  let browser: Browser | undefined
  let context: BrowserContext | undefined
  let flow: Flow
  const link = mintOwnerLink('http://localhost', 600)
  const path = `/login/owner?token=${link.token}`

  beforeAll(async () => {
    const vars = { oauth: { OWNER_LINK: `${link.variable}:once` } }
    platform = await startPlatform({ vars })
    await fetch(platform.mcpUrl('clock'), { method: 'POST' })
    flow = await begin(platform.origin, { resource: platform.mcpUrl('clock').href })
  })
  afterAll(async () => {
    await browser?.close()
    await platform.close()
  })
  const post = (person: Person) => signInAsOwner(person, platform.origin, link.token)

  browserTest('two clicks on "Sign in" sign in, and lead to what was asked', async () => {
    browser = await launchBrowser()
    context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(flow.authorizeUrl.href)
    await page.goto(platform.origin + path)
    const box = await page.getByRole('button').boundingBox()
    await page.mouse.click((box?.x ?? 0) + 9, (box?.y ?? 0) + 9, { clickCount: 2, delay: 10 })
    await page.getByRole('button', { name: 'Allow' }).waitFor()
  })

  test('no other browser signs in by it, that was shown the form or not', async () => {
    const shown = new Person(platform.origin)
    await shown.open(platform.origin + path)
    for (const person of [shown, new Person(platform.origin)]) {
      await post(person)
      expect((await post(person)).status).toBe(403)
      expect(person.cookieHeader()).not.toContain('mcp-edge-session')
    }
  })
})

describe('the same form again', () => {
  let platform: Platform
  const link = mintOwnerLink('http://localhost', 600)
  beforeAll(async () => {
    platform = await startPlatform({ vars: { oauth: { OWNER_LINK: `${link.variable}:once` } } })
    await fetch(platform.mcpUrl('clock'), { method: 'POST' })
  })
  afterAll(() => platform.close())

  test('8 times at once: the consent page each time', async () => {
    const person = new Person(platform.origin)
    const flow = await begin(platform.origin, { resource: platform.mcpUrl('clock').href })
    await person.open(flow.authorizeUrl)
    const post = () => signInAsOwner(person, platform.origin, link.token)
    const pages = await Promise.all(Array.from({ length: 8 }, post))
    expect(pages.map(isConsent)).toEqual(pages.map(() => true))
  })
})

test('two tabs that wait for the owner: each goes on with its own request', async () => {
  await using platform = await startPlatform()
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
  const person = new Person(platform.origin)
  const query = { resource: platform.mcpUrl('clock').href }
  const flows = [await begin(platform.origin, query), await begin(platform.origin, query)]
  const tabs = [
    await person.open(flows[0]!.authorizeUrl),
    await person.open(flows[1]!.authorizeUrl),
  ]
  const [begun = ''] = inputs(tabs[0]!.html, 'begun')
  const first = await person.post(`${platform.origin}/login/owner`, [
    ['token', platform.ownerToken],
    ['begun', begun],
  ])
  expect(isConsent(first)).toBe(true)
  expect(stateOf(first)).toBe(flows[0]!.state)
  // The other tab is reloaded.
  const second = await person.open(tabs[1]!.url)
  expect(isConsent(second)).toBe(true)
  expect(stateOf(second)).toBe(flows[1]!.state)
})

describe('an OpenID provider', () => {
  let idp: Idp
  let platform: Platform
  beforeAll(async () => {
    idp = await startIdp()
    platform = await startPlatform({
      vars: { oauth: { OIDC_ISSUER: idp.issuer, OIDC_CLIENT_ID: IDP_CLIENT.id } },
      secrets: { oauth: { OIDC_CLIENT_SECRET: IDP_CLIENT.secret } },
    })
    idp.serve(platform.origin)
    await fetch(platform.mcpUrl('clock'), { method: 'POST' })
  })
  afterAll(async () => {
    await platform.close()
    await idp.close()
  })
  const newFlow = () => begin(platform.origin, { resource: platform.mcpUrl('clock').href })

  /** Up to the provider's answer, which is not followed. */
  async function answered(
    account: string,
  ): Promise<{ callback: URL; flow: Flow; cookies: Person }> {
    const flow = await newFlow()
    const person = new Person(platform.origin, idp.issuer)
    const login = await person.open(flow.authorizeUrl)
    // The platform's callback counts as elsewhere from here on.
    const callback = (await signInAtIdp(person.confinedTo(idp.issuer), login, account)).leftFor
    return { callback: callback as URL, flow, cookies: person }
  }

  test('its answer twice at once: both signed in, at what was asked', async () => {
    const { callback, flow, cookies } = await answered('twice@default')
    const pages = await Promise.all([cookies.open(callback), cookies.open(callback)])
    expect(pages.map(isConsent)).toEqual([true, true])
    expect(pages.map(stateOf)).toEqual([flow.state, flow.state])
  })

  test('a forged answer uses nothing up', async () => {
    const { callback, cookies } = await answered('forged@default')
    for (const state of ['forged', `${callback.searchParams.get('state')}x`, '']) {
      const forged = new URL(callback)
      forged.searchParams.set('state', state)
      expect((await cookies.open(forged)).status).toBe(400)
    }
    expect(isConsent(await cookies.open(callback))).toBe(true)
  })

  test('in another browser it signs nobody in', async () => {
    const { callback, cookies } = await answered('other@default')
    expect(isConsent(await cookies.open(callback))).toBe(true)
    const other = new Person(platform.origin, idp.issuer)
    expect((await other.open(callback)).status).toBe(400)
    expect(other.cookieHeader()).not.toContain('mcp-edge-session')
  })

  test('two tabs at once, finished in either order', async () => {
    const person = new Person(platform.origin, idp.issuer)
    const flows = [await newFlow(), await newFlow()]
    const away = person.confinedTo(platform.origin)
    const sent = await Promise.all(flows.map(({ authorizeUrl }) => away.open(authorizeUrl)))
    for (const index of [0, 1]) {
      const login = await person.open(sent[index]?.leftFor as URL)
      const back = inputs(login.html, 'handle').length
        ? login
        : await signInAtIdp(person, login, 'tabs@default')
      expect(isConsent(back)).toBe(true)
      expect(stateOf(back)).toBe(flows[index]!.state)
    }
  })
})
