/** What CONNECTIONS may say; a mistake names where, and never a secret. */
import { expect, test } from 'vitest'
import { connectionConfig } from '#shared/services/connection-config.ts'

const SECRETS = `k1:${Buffer.alloc(32, 7).toString('base64url')}`
const FORGE = {
  title: 'The Forge',
  authorizationEndpoint: 'https://forge.example/auth',
  tokenEndpoint: 'https://forge.example/token',
  clientId: 'us',
  clientSecret: 'a-secret',
  hosts: ['api.forge.example'],
}
const config = (forge: object, more: object = {}) =>
  connectionConfig(JSON.stringify({ secrets: SECRETS, providers: { forge, ...more } }))

test('absent or empty: there are none', async () => {
  expect(connectionConfig(undefined).providers.size).toBe(0)
  expect(connectionConfig('').providers.size).toBe(0)
})

test('a service with what it needs', async () => {
  expect(config(FORGE).providers.get('forge')).toEqual(FORGE)
  expect(await config(FORGE).keys()).toHaveLength(1)
})

test.each([
  ['cleartext', { tokenEndpoint: 'http://forge.example/token' }],
  ['an address of a private network', { tokenEndpoint: 'https://10.0.0.1/token' }],
  ['a private name', { revocationEndpoint: 'https://forge.internal/revoke' }],
  ['no hosts', { hosts: [] }],
  ['a host with a path', { hosts: ['api.forge.example/v1'] }],
  ['any host', { hosts: ['*'] }],
  ['a typo', { clientsecret: 'a-secret' }],
  ['a server that can be none', { servers: ['../x'] }],
])('%s is refused, and the message holds no secret', (_, change) => {
  const make = () => config({ ...FORGE, ...change })
  expect(make).toThrow('CONNECTIONS')
  expect(make).not.toThrow('a-secret')
})

test('names that are no names, too many services, no JSON', () => {
  expect(() => config(FORGE, { 'A B': FORGE })).toThrow('CONNECTIONS')
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`s${at}`, FORGE]))
  expect(() => config(FORGE, many)).toThrow('CONNECTIONS')
  expect(() => connectionConfig('{"secrets":"a-secret"')).toThrow('CONNECTIONS')
})
