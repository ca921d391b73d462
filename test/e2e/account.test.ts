/** What a person connected: seen and ended in a real browser, and by nobody else. */
import type { Browser, Page as BrowserPage } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserTest, launchBrowser } from './_browser.ts'
import { approve, begin, discover, redeem, refresh, registerClient } from './_oauth-client.ts'
import { inputs, Person, signInAsOwner } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { modern, send } from './_wire.ts'

const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'

let platform: Platform
let browser: Browser | undefined

beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/mailbox'] })
  for (const server of ['clock', 'mailbox'])
    await fetch(platform.mcpUrl(server), { method: 'POST' })
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
})

/** A client that the owner lets in. */
async function connect(clientName: string, server = 'mailbox', redirectUri?: string) {
  const metadata = {
    client_name: clientName,
    ...(redirectUri ? { redirect_uris: [redirectUri] } : {}),
  }
  const client = await registerClient(await discover(platform.origin), metadata)
  const query = {
    resource: platform.mcpUrl(server).href,
    ...(redirectUri ? { redirect_uri: redirectUri } : {}),
  }
  const flow = await begin(platform.origin, query, client)
  const callback = await approve(new Person(platform.origin), flow, platform.ownerToken)
  return { flow, tokens: await redeem(flow, callback) }
}

async function readMail(token: string): Promise<number> {
  const { headers, body } = modern('tools/call', { name: 'read_mail' }, { token })
  return (await send(platform.origin, { path: '/mailbox/mcp', headers, body })).status
}

const account = () => `${platform.origin}/account`

async function signedIn(): Promise<Person> {
  const person = new Person(platform.origin)
  await signInAsOwner(person, platform.origin, platform.ownerToken)
  return person
}

const idOf = (html: string, clientName: string): string =>
  String(
    new RegExp(
      `name="end" value="([^"]+)">\\s*End access of <bdi class="name">${clientName}<`,
    ).exec(html)?.[1],
  )

browserTest('a person ends one app, then all, and each stops at once', async () => {
  const first = await connect('Laptop')
  const second = await connect('Cursor', 'mailbox', CURSOR)
  const third = await connect('Web app', 'clock', 'https://app.example/callback')
  expect(await readMail(first.tokens.access_token)).toBe(200)

  browser = await launchBrowser()
  const page = await browser.newPage()
  const violations = watch(page)
  await page.goto(platform.ownerLink)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'What you connected' }).click()
  const laptop = page.locator('section', { hasText: 'Laptop' })
  expect(await laptop.textContent()).toContain('an app on a computer')
  expect(await laptop.textContent()).toContain('mailbox')
  expect(await laptop.textContent()).toContain('(mail:read)')
  expect(await laptop.textContent()).toContain(new Date().toISOString().slice(0, 10))
  const cursor = page.locator('section', { hasText: 'Cursor' })
  expect(await cursor.textContent()).toContain('cursor: links')
  expect(await cursor.getByRole('heading').textContent()).toBe('An unverified app')
  const web = page.locator('section', { hasText: 'Web app' })
  expect(await web.textContent()).toContain('app.example')

  await laptop.getByRole('button', { name: 'End access of Laptop' }).click()
  await page.getByRole('heading', { name: 'Its access has ended' }).waitFor()
  await page.getByRole('link', { name: 'What you connected' }).click()
  expect(await laptop.count()).toBe(0)
  expect(await readMail(first.tokens.access_token)).toBe(401)
  await expect(refresh(first.flow, String(first.tokens.refresh_token))).rejects.toMatchObject({
    error: 'invalid_grant',
  })
  expect(await readMail(second.tokens.access_token)).toBe(200)

  await page.getByRole('button', { name: 'End all access' }).click()
  await page.getByRole('heading', { name: 'Its access has ended' }).waitFor()
  await page.getByRole('link', { name: 'What you connected' }).click()
  await page.getByText('No app has access on your behalf').waitFor()
  expect(await readMail(second.tokens.access_token)).toBe(401)
  await expect(refresh(third.flow, String(third.tokens.refresh_token))).rejects.toThrow()
  expect(violations).toEqual([])
})

browserTest('two clicks on "End access" end one app', async () => {
  await connect('Twin')
  await connect('Twin')
  browser ??= await launchBrowser()
  const page = await browser.newPage()
  await page.goto(platform.ownerLink)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'What you connected' }).click()
  const twins = page.locator('section', { hasText: 'Twin' })
  const before = await twins.count()
  const end = twins.first().getByRole('button')
  const box = await end.boundingBox()
  const [x, y] = [(box?.x ?? 0) + 20, (box?.y ?? 0) + 10]
  await page.mouse.click(x, y)
  // The second click of a slow double click, when the next page is there.
  await page.getByRole('heading', { name: 'Its access has ended' }).waitFor()
  await page.mouse.click(x, y)
  await page.goto(account())
  expect(await twins.count()).toBe(before - 1)
})

function watch(page: BrowserPage): string[] {
  const violations: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') violations.push(message.text())
  })
  return violations
}

describe('nobody else', () => {
  test('a stranger is asked to sign in, and comes back here', async () => {
    const person = new Person(platform.origin)
    const asked = await person.open(account())
    expect(new URL(asked.url).pathname).toBe('/login/owner')
    const back = await signInAsOwner(person, platform.origin, platform.ownerToken)
    expect(new URL(back.url).pathname).toBe('/account')
  })

  test('a form of another site ends nothing (CSRF)', async () => {
    const { tokens } = await connect('Forged')
    const person = await signedIn()
    const { html } = await person.open(account())
    const forged = await fetch(account(), {
      method: 'POST',
      body: new URLSearchParams({ end: idOf(html, 'Forged') }),
      headers: { cookie: person.cookieHeader(), origin: 'https://evil.example' },
    })
    expect(forged.status).toBe(403)
    expect(await readMail(tokens.access_token)).toBe(200)
  })

  test('without a session nothing is ended', async () => {
    const { tokens } = await connect('Kept')
    const { html } = await (await signedIn()).open(account())
    const fields: [string, string][] = [
      ['end', idOf(html, 'Kept')],
      ['all', 'yes'],
    ]
    for (const field of fields) {
      const asked = await new Person(platform.origin).post(account(), [field])
      expect(new URL(asked.url).pathname).toBe('/login/owner')
    }
    expect(await readMail(tokens.access_token)).toBe(200)
  })

  test('ids that are not the person’s are nothing to end, and not told to the feed', async () => {
    const { tokens } = await connect('Still here')
    const person = await signedIn()
    for (const id of ['nothing', '', '../other', 'x'.repeat(500)]) {
      expect((await person.post(account(), [['end', id]])).status).toBe(200)
    }
    expect(await readMail(tokens.access_token)).toBe(200)
  })

  test('the page runs no script, is framed nowhere and kept nowhere', async () => {
    const { headers, html } = await (await signedIn()).open(account())
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
    expect(html).not.toContain('<script')
  })

  test('what a client calls itself is text', async () => {
    await connect('<b onclick="x">Bold</b>')
    const { html } = await (await signedIn()).open(account())
    expect(html).toContain('&lt;b onclick=')
    expect(inputs(html, 'end')).toEqual([])
  })
})

test('a consent that was never finished is not shown', async () => {
  const flow = await begin(platform.origin, { resource: platform.mcpUrl('mailbox').href })
  const { html: before } = await (await signedIn()).open(account())
  await approve(new Person(platform.origin), flow, platform.ownerToken)
  const { html: after } = await (await signedIn()).open(account())
  const count = (html: string) => html.split('<section>').length
  expect(count(after)).toBe(count(before))
})
