/** What the other e2e tests stand on: the platform starts from its real configurations. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'

const HOSTILE = `export default {
  fetch: () => new Response('<h1>', { headers: { 'content-type': 'text/html' } }),
}`

const ASKS_OUTSIDE = `export default { fetch: () => fetch('https://upstream.example/') }`

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform({ extraServers: { hostile: HOSTILE, asks: ASKS_OUTSIDE } })
})
afterAll(() => platform.close())

test('/health answers on the public origin', async () => {
  const response = await fetch(`${platform.origin}/health`)
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ status: 'ok' })
})

test('another host is refused: 421 (RFC 9110 §15.5.20)', async () => {
  const response = await fetch(`${platform.origin.replace('localhost', '127.0.0.1')}/health`)
  expect(response.status).toBe(421)
})

test('the authorization server answers behind the router, as the issuer clients see', async () => {
  const response = await fetch(`${platform.origin}/.well-known/oauth-authorization-server`)
  expect(await response.json()).toMatchObject({ issuer: platform.origin })
})

test('the metadata at the root names no private server, not even the only one (DESIGN §4.8)', async () => {
  const root = `${platform.origin}/.well-known/oauth-protected-resource`
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
  expect((await fetch(root)).status).toBe(404)
})

test('the router binds every server, fixtures included', async () => {
  const bindings = Object.keys(await platform.worker('mcp-edge-router').getEnv())
  expect(bindings).toEqual(
    expect.arrayContaining(['SERVER_clock', 'SERVER_conformance', 'SERVER_hostile']),
  )
})

test("objects of the platform's own Worker can be listed and evicted", async () => {
  const objects = platform.worker('mcp-edge-objects')
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
  await objects.evictDurableObject('CatalogObject', { name: 'catalog' })
  expect(await objects.listDurableObjectIds('CatalogObject')).toHaveLength(1)
})

test('a test answers for the internet', async () => {
  const real = globalThis.fetch
  using _mock = vi
    .spyOn(globalThis, 'fetch')
    .mockImplementation((input, init) =>
      input === 'https://upstream.example/'
        ? Promise.resolve(new Response('from the test'))
        : real(input, init),
    )
  const response = await platform.worker('asks').fetch('http://localhost/')
  expect(await response.text()).toBe('from the test')
})
