/** Names that write on our pages: what apps call themselves, beside what we say of them. */
import type { Browser, Page as BrowserPage } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NAME_MAX_CHARS } from '#shared/lib/display/limits.ts'
import { browserTest, launchBrowser } from './_browser.ts'
import { approve, begin, consentPageOf, discover, redeem, registerClient } from './_oauth-client.ts'
import { Person, signInAsOwner, wordsIn } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

const HIDDEN = /[\p{Default_Ignorable_Code_Point}\u202A-\u202E\u2066-\u2069\u2800]/u

/** What a name is, what is left of it, and what the page says of it. */
const NAMES: [string, string, string, string][] = [
  [
    'a right-to-left override',
    'Claude\u202E )deifirev(',
    'Claude )deifirev(',
    'hidden characters that turn letters around',
  ],
  ['isolates', '\u2066Claude\u2069', 'Claude', 'hidden characters that turn letters around'],
  [
    'our own words',
    'Claude (published by anthropic.com)',
    'Claude (published by anthropic.com)',
    'looks like a web address',
  ],
  ['Cyrillic among Latin', '\u0441laude', '\u0441laude', 'several alphabets (Cyrillic, Latin)'],
  [
    'Cyrillic alone',
    '\u0430\u0440\u0440\u04CF\u0435',
    '\u0430\u0440\u0440\u04CF\u0435',
    'Cyrillic letters that look like Latin ones',
  ],
  ['mathematical letters', '𝗖𝗹𝗮𝘂𝗱𝗲', '𝗖𝗹𝗮𝘂𝗱𝗲', 'letters that only look like plain ones'],
  ['a tick', 'Claude ✅', 'Claude', 'This app is not verified.'],
]

let platform: Platform
let browser: Browser | undefined
beforeAll(async () => {
  platform = await startPlatform()
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
})

async function flowOf(clientName: string | undefined, uri = 'https://app.example/callback') {
  const metadata = { client_name: clientName as string, redirect_uris: [uri] }
  const client = await registerClient(await discover(platform.origin), metadata)
  const query = { resource: platform.mcpUrl('clock').href, redirect_uri: uri }
  return begin(platform.origin, query, client)
}

const consentOf = async (clientName: string | undefined, uri?: string): Promise<string> => {
  const flow = await flowOf(clientName, uri)
  const page = await consentPageOf(new Person(platform.origin), flow, platform.ownerToken)
  return page.html
}

describe('consent', () => {
  test.each(NAMES)('%s', async (_, name, shown, said) => {
    const html = await consentOf(name)
    expect(html).toContain(`<bdi class="name">${shown}</bdi>`)
    expect(html).not.toMatch(HIDDEN)
    expect(wordsIn(html)).toContain(said)
    expect(wordsIn(html)).toContain('This app is not verified.')
    const heading = /<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? ''
    expect(wordsIn(heading)).toBe('Allow an unverified app to use clock?')
    expect(html).toContain('<title>Allow this app?</title>')
  })

  test.each([undefined, ' ', '\u200B\u3164', '" ."'])('no name to speak of: %j', async (name) => {
    const html = await consentOf(name)
    expect(html).toContain('<em>an app without a name</em>')
    expect(wordsIn(html)).not.toContain('dcr_')
  })

  test('1,200 letters are cut', async () => {
    const shown = /<bdi class="name">(.*?)<\/bdi>/.exec(await consentOf('x'.repeat(1_200)))?.[1]
    expect(shown).toHaveLength(NAME_MAX_CHARS)
  })

  test.each([
    ['https://аррӏе.com/callback', 'xn--80ak6aa92e.com'],
    [`https://accounts.google.com.${'a'.repeat(60)}.evil.example/callback`, 'evil.example'],
  ])('the host that access goes to is told by its end: %s', async (uri, end) => {
    const html = await consentOf('Claude', new URL(uri).href)
    expect(html).toContain(`<strong>${end}</strong></bdi>`)
    expect(wordsIn(html)).not.toContain('google')
  })
})

describe('the scheme of an app', () => {
  test.each([
    ['com.evil.claude.ai:/callback', 'com.evil.claude.ai:'],
    [`com.evil.${'a'.repeat(50)}.claude.ai:/callback`, `com.evil.${'a'.repeat(50)}…`],
  ])(
    '%s: told from its start, which says whose it is, and nothing stands out',
    async (uri, shown) => {
      expect(await consentOf('Claude', uri)).toContain(`<bdi class="host">${shown}</bdi>`)
      const flow = await flowOf('Claude', uri)
      flow.authorizeUrl.searchParams.set('response_type', 'token')
      const refused = await new Person(platform.origin).open(flow.authorizeUrl)
      expect(refused.html).toContain(`<bdi class="host">${shown}</bdi>`)
    },
  )
})

test('the account page shows them alike, and a grant without a name has none', async () => {
  for (const name of ['Claude\u202E )deifirev(', '\u0441laude', undefined]) {
    const flow = await flowOf(name)
    await redeem(flow, await approve(new Person(platform.origin), flow, platform.ownerToken))
  }
  const person = new Person(platform.origin)
  await signInAsOwner(person, platform.origin, platform.ownerToken)
  const { html } = await person.open(`${platform.origin}/account`)
  expect(html).not.toMatch(HIDDEN)
  expect(html.match(/<h2>An unverified app<\/h2>/g)).toHaveLength(3)
  expect(html).toContain('<em>an app without a name</em>')
  expect(wordsIn(html)).not.toContain('dcr_')
  expect(wordsIn(html)).toContain('several alphabets (Cyrillic, Latin)')
})

describe('in a browser as wide as a phone', () => {
  const PHONE = { width: 390, height: 844 }

  async function open(name: string): Promise<BrowserPage> {
    browser ??= await launchBrowser()
    const page = await browser.newPage({ viewport: PHONE })
    await page.goto(platform.ownerLink)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.goto((await flowOf(name)).authorizeUrl.href)
    return page
  }

  browserTest.each([
    ['one long word', 'W'.repeat(1_200)],
    ['lines', 'Claude\n\n\n'.repeat(100)],
    ['marks that climb', `C${'\u0301\u0316'.repeat(200)}laude`],
    ['right-to-left letters', 'קלוד (מאומת) '.repeat(20)],
  ])('%s push neither the warning nor the buttons away', async (_, name) => {
    const page = await open(name)
    const warning = await page.getByText('This app is not verified.').boundingBox()
    expect(warning?.y).toBeLessThan(PHONE.height / 3)
    const allow = await page.getByRole('button', { name: 'Allow' }).boundingBox()
    expect((allow?.y ?? Infinity) + (allow?.height ?? 0)).toBeLessThan(PHONE.height)
    // Our words around the name keep their side, whatever its direction.
    const { x = 0 } = (await page.getByText('Allow it only if').boundingBox()) ?? {}
    expect(x).toBeCloseTo(warning?.x ?? -1, 0)
    const wide = await page.evaluate('document.documentElement.scrollWidth')
    expect(wide).toBeLessThanOrEqual(PHONE.width)
    await page.close()
  })
})
