/** The consent page under a real person's hands: two clicks, back, two tabs. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { browserTest, launchBrowser } from './_browser.ts'
import { listenForAnswers, type LoopbackClient } from './_loopback-client.ts'
import { begin, discover, redeem, registerClient, type Flow } from './_oauth-client.ts'
import { startPlatform, type Platform } from './_platform.ts'

let platform: Platform
let client: LoopbackClient
let browser: Browser | undefined
let context: BrowserContext
let page: Page

beforeAll(async () => {
  platform = await startPlatform()
  client = await listenForAnswers()
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
})
afterAll(async () => {
  await browser?.close()
  client.close()
  await platform.close()
})
afterEach(() => context.close())

async function signedIn(): Promise<void> {
  browser ??= await launchBrowser()
  context = await browser.newContext()
  page = await context.newPage()
  await page.goto(platform.ownerLink)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('You are signed in').waitFor()
}

async function newFlow(): Promise<Flow> {
  const metadata = { client_name: 'Twice', redirect_uris: [client.redirectUri] }
  const registered = await registerClient(await discover(platform.origin), metadata)
  const query = { resource: platform.mcpUrl('clock').href, redirect_uri: client.redirectUri }
  return begin(platform.origin, query, registered)
}

const allow = (on = page) => on.getByRole('button', { name: 'Allow' })

const answersTo = ({ state }: Flow) =>
  client.answers.filter(({ searchParams }) => searchParams.get('state') === state)

/** `waitForURL` fails where a second click breaks off the navigation of the first. */
const atClient = () => expect.poll(() => new URL(page.url()).pathname).toBe('/callback')

/** The code works once, however often it was sent. */
async function expectOneCode(flow: Flow): Promise<void> {
  const codes = new Set(answersTo(flow).map(({ searchParams }) => searchParams.get('code')))
  expect(codes.size).toBe(1)
  expect(codes).not.toContain(null)
  const tokens = await redeem(flow, answersTo(flow)[0] as URL)
  expect(tokens).toHaveProperty('access_token')
}

describe('two clicks on Allow', () => {
  const GAPS_MS = [0, 5, 20, 60, 150]
  browserTest.each(GAPS_MS)('%i ms apart: the client gets its code', async (gapMs) => {
    await signedIn()
    const flow = await newFlow()
    await page.goto(flow.authorizeUrl.href)
    const box = await allow().boundingBox()
    const [x, y] = [(box?.x ?? 0) + 20, (box?.y ?? 0) + 10]
    await page.mouse.move(x, y)
    await page.mouse.click(x, y, { clickCount: 2, delay: gapMs })
    await atClient()
    await expectOneCode(flow)
  })
})

describe('back', () => {
  browserTest.each(['Deny', 'Allow'])(
    '%s, back, and Allow: the page was asked for anew, and its answer is a code',
    async (first) => {
      await signedIn()
      const flow = await newFlow()
      await page.goto(flow.authorizeUrl.href)
      const handle = () => page.locator('input[name=handle]').getAttribute('value')
      const shown = await handle()
      await page.getByRole('button', { name: first }).click()
      await atClient()
      await page.goBack()
      expect(await handle()).not.toBe(shown)
      await allow().click()
      await atClient()
      const [before, after] = answersTo(flow)
      expect(before?.searchParams.has('error')).toBe(first === 'Deny')
      expect(await redeem(flow, after as URL)).toHaveProperty('access_token')
    },
  )

  browserTest.each([
    ['Deny', 'You denied this already'],
    ['Allow', 'You allowed this already'],
  ])(
    '%s in one tab, the other button in a copy of it: what counts is said',
    async (first, said) => {
      await signedIn()
      const flow = await newFlow()
      await page.goto(flow.authorizeUrl.href)
      // What a browser does that keeps the page: the same handle, in two windows.
      const copy = await context.newPage()
      await copy.route('**/oauth/authorize?*', async (route) =>
        route.fulfill({ contentType: 'text/html', body: await page.content() }),
      )
      await copy.goto(flow.authorizeUrl.href)
      await page.getByRole('button', { name: first }).click()
      await atClient()
      const other = first === 'Deny' ? 'Allow' : 'Deny'
      await copy.getByRole('button', { name: other }).click()
      await copy.getByRole('heading', { name: said }).waitFor()
      expect(answersTo(flow)).toHaveLength(1)
    },
  )
})

browserTest('two tabs: each app gets the code that it asked for', async () => {
  await signedIn()
  const flows = [await newFlow(), await newFlow()]
  const tabs = [page, await context.newPage()]
  for (const [index, tab] of tabs.entries()) await tab.goto(flows[index]!.authorizeUrl.href)
  await Promise.all(tabs.map((tab) => allow(tab).click()))
  for (const [index, tab] of tabs.entries()) {
    await expect.poll(() => new URL(tab.url()).pathname).toBe('/callback')
    await expectOneCode(flows[index]!)
  }
})
