/** Sign-in and consent in a real browser: what cookies, CSP and forms do there, no HTTP client shows. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { browserTest, launchBrowser } from './_browser.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { MemoryOAuthStore, modernSdk } from './_sdk.ts'

let platform: Platform
let client: Server
let browser: Browser | undefined
/** What a desktop client does: listens on loopback for the answer. */
const answers: URL[] = []

beforeAll(async () => {
  platform = await startPlatform()
  client = createServer((request, response) => {
    answers.push(new URL(request.url ?? '/', `http://${request.headers.host}`))
    response.end('You may close this page.')
  })
  await new Promise<void>((resolve) => client.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await browser?.close()
  client.close()
  await platform.close()
})

browserTest(
  'a person signs in by the owner link, allows a client, and the client calls',
  async () => {
    const url = platform.mcpUrl('clock')
    const { port } = client.address() as AddressInfo
    const store = new MemoryOAuthStore(`http://127.0.0.1:${port}/callback`)
    await expect(modernSdk.connect(url, store)).rejects.toSatisfy(modernSdk.isUnauthorized)

    browser = await launchBrowser()
    const page = await browser.newPage()
    const violations: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') violations.push(message.text())
    })
    await page.goto(platform.ownerLink)
    await page.getByRole('button').click()
    await page.goto(store.authorizationUrl?.href ?? '')
    expect(await page.textContent('body')).toContain('End-to-end test')
    expect(await page.textContent('body')).toContain('127.0.0.1')
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(/\/callback\?/)
    expect(await page.textContent('body')).toContain('You may close this page.')
    expect(violations).toEqual([])

    const answer = answers.find(({ pathname }) => pathname === '/callback')
    expect(answer?.searchParams.get('iss')).toBe(platform.origin)
    await modernSdk.finishSignIn(url, store, answer?.searchParams ?? new URLSearchParams())
    const connection = await modernSdk.connect(url, store)
    expect((await connection.call('now', { zone: 'UTC' })).isError).toBe(false)
    await connection.close()
  },
)

browserTest('a person denies, and the client is told access_denied', async () => {
  const { port } = client.address() as AddressInfo
  const store = new MemoryOAuthStore(`http://127.0.0.1:${port}/denied`)
  const url = platform.mcpUrl('clock')
  await expect(modernSdk.connect(url, store)).rejects.toSatisfy(modernSdk.isUnauthorized)
  browser ??= await launchBrowser()
  const page = await browser.newPage()
  await page.goto(platform.ownerLink)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.goto(store.authorizationUrl?.href ?? '')
  await page.getByRole('button', { name: 'Deny' }).click()
  await page.waitForURL(/\/denied\?/)
  const answer = answers.find(({ pathname }) => pathname === '/denied')
  expect(answer?.searchParams.get('error')).toBe('access_denied')
  expect(answer?.searchParams.get('state')).toBe(store.state())
})
