/** Sign-in and consent in a real browser: cookies, CSP and the form's redirect as browsers do them. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect } from 'vitest'
import { browserTest, launchBrowser } from './_browser.ts'
import { begin, discover, redeem, registerClient } from './_oauth-client.ts'
import { startPlatform, type Platform } from './_platform.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
})
afterAll(() => platform.close())

/** A native app that listens on loopback for its code. */
async function listen() {
  const seen = Promise.withResolvers<string>()
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/callback')) seen.resolve(request.url)
    response.end('done')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`
  return { uri, seen: seen.promise, [Symbol.dispose]: () => server.close() }
}

browserTest('a person signs in by the owner link, allows, and lands in the app', async () => {
  using app = await listen()
  const client = await registerClient(await discover(platform.origin), {
    redirect_uris: [app.uri],
  })
  const query = { resource: platform.mcpUrl('clock').href, redirect_uri: app.uri }
  const flow = await begin(platform.origin, query, client)
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    await page.goto(flow.authorizeUrl.href)
    // The link is opened from a terminal, in whatever tab; the request waits for it.
    await page.goto(platform.ownerLink)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Allow' }).click()
    const callback = new URL(await app.seen, app.uri)
    const tokens = await redeem(flow, callback)
    expect(tokens.token_type).toBe('bearer')
    expect(complaints).toEqual([])
  } finally {
    await browser.close()
  }
})
