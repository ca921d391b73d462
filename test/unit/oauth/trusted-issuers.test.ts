/** What TRUSTED_ISSUERS may say, and where keys may be fetched from (SSRF). */
import { expect, test } from 'vitest'
import { isFetchable } from '../../../workers/oauth/machines/remote-jwks.ts'
import { createTrustedIssuers } from '../../../workers/oauth/machines/trusted-issuers.ts'

const OWN = { issuer: 'https://as.example.com', publicOrigin: 'https://mcp.example.com' }
const create = (config: unknown) => createTrustedIssuers(JSON.stringify(config), OWN)

test('empty: nobody is trusted', () => {
  expect(createTrustedIssuers('', OWN).names).toEqual([])
  expect(create([]).names).toEqual([])
})

test.each([
  'https://idp.example.com',
  'https://idp.example.com/realms/a',
  'http://localhost:9000',
  'http://127.0.0.1:9000/x',
])('issuer %s can be trusted', (issuer) => {
  expect(create([{ issuer }]).names).toEqual([issuer])
})

test.each([
  [{ issuer: 'http://idp.example.com' }],
  [{ issuer: 'https://10.0.0.1' }],
  [{ issuer: 'https://169.254.169.254' }],
  [{ issuer: 'https://[fd00::1]' }],
  [{ issuer: 'https://0xa.1' }],
  [{ issuer: 'https://metadata' }],
  [{ issuer: 'https://a@idp.example.com' }],
  [{ issuer: 'file:///etc/passwd' }],
  [{ issuer: OWN.issuer }],
  [{ issuer: 'https://a.example' }, { issuer: 'https://a.example' }],
  [{ issuer: 'https://a.example', jwksUri: 'https://192.168.0.1/keys' }],
  [{ issuer: 'https://a.example', algorithms: ['HS256'] }],
  [{ issuer: 'https://a.example', algorithms: ['none'] }],
  [{ issuer: 'https://a.example', maxLifetimeSeconds: 86_401 }],
  [{ issuer: 'https://a.example', tenant: 'platform' }],
  [{ issuer: 'https://a.example', typo: 1 }],
  [{ issuer: 'https://a.example', tenants: ['platform'] }],
  [{ issuer: 'https://a.example', servers: ['catalog'] }],
  [{ issuer: 'https://a.example/x#admins' }],
  [{ issuer: 'https://a.example/x#' }],
  [{ issuer: 'https://a.example/?x' }],
  [{ issuer: 'https://a.example/x|y' }],
  [{ issuer: `https://a.example/${'x'.repeat(256)}` }],
  [{ issuer: 'urn:mcp-edge:owner-link' }],
  [{ issuer: 'urn:mcp-edge:machine' }],
  Array.from({ length: 17 }, (_, at) => ({ issuer: `https://a${at}.example` })),
])('%j is refused by name', (...config) => {
  expect(() => create(config)).toThrow('TRUSTED_ISSUERS')
})

test('text that is no JSON is refused by name', () => {
  expect(() => createTrustedIssuers('https://idp.example.com', OWN)).toThrow('TRUSTED_ISSUERS')
})

test('discovery of a public issuer leads to no address of this machine', () => {
  expect(isFetchable('http://localhost:1/keys', false)).toBe(false)
  expect(isFetchable('https://keys.example.com/', false)).toBe(true)
})
