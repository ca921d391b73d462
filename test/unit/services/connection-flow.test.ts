/** What an upstream service answers our OAuth client is foreign: bounded, and from where it should be. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refreshTokens } from '../../../durable-objects/identity/connection-flow.ts'

let server: Server
let origin: string
let padding = ''
beforeAll(async () => {
  server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ access_token: 'new', token_type: 'Bearer', padding }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const provider = (tokenEndpoint: string) => ({
  title: 'The Forge',
  authorizationEndpoint: 'https://forge.example/auth',
  tokenEndpoint,
  clientId: 'us',
  hosts: ['forge.example'],
})

test('tokens are renewed', async () => {
  const tokens = await refreshTokens(provider(`${origin}/token`), 'old')
  expect(tokens).toMatchObject({ accessToken: 'new', refreshToken: 'old' })
})

test('an answer is read no further than 128 KiB', async () => {
  padding = 'x'.repeat(140 * 1024)
  const renewed = refreshTokens(provider(`${origin}/token`), 'old')
  await expect(renewed).rejects.toThrow('more than 131072 bytes')
})

test('a token is sent to no private host', async () => {
  const renewed = refreshTokens(provider('https://forge.internal/token'), 'old')
  await expect(renewed).rejects.toThrow('must be a public name')
})
