/** Stateless registration (RFC 7591 A.5.2): the client id carries it, for a year, and cannot be made up. */
import { expect, test } from 'vitest'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { openClient, sealClient } from '../../../workers/oauth/authorize/client-id.ts'
import { CLIENT_ID_MAX_CHARS, REGISTRATION_SECONDS } from '../../../workers/oauth/limits.ts'

const keys = await deriveSealKeys(`a1:${'A'.repeat(43)}`, 'oauth/client')
const NOW_SECONDS = 1_800_000_000
const CLIENT = {
  clientId: '',
  clientName: 'An app',
  redirectUris: ['https://app.example/callback', 'cursor://app/callback'],
  grantTypes: ['authorization_code', 'refresh_token'],
  tokenEndpointAuthMethod: 'client_secret_basic',
  clientSecret: 'hash-of-the-secret',
}

async function sealedId(): Promise<string> {
  const sealed = await sealClient(keys, CLIENT, NOW_SECONDS)
  if (!sealed.ok) throw new Error('too large')
  return sealed.value
}

test('what was registered is what the id says', async () => {
  const clientId = await sealedId()
  expect(await openClient(keys, clientId, NOW_SECONDS)).toMatchObject({ ...CLIENT, clientId })
})

test('the id shows neither names nor the hash of the secret', async () => {
  const clientId = await sealedId()
  const bytes = Buffer.from(clientId.split('.')[1] ?? '', 'base64url').toString('latin1')
  expect(clientId + bytes).not.toContain('An app')
  expect(clientId + bytes).not.toContain('hash-of-the-secret')
})

test('a year later it is unknown', async () => {
  const clientId = await sealedId()
  expect(await openClient(keys, clientId, NOW_SECONDS + REGISTRATION_SECONDS - 1)).toBeDefined()
  expect(await openClient(keys, clientId, NOW_SECONDS + REGISTRATION_SECONDS)).toBeUndefined()
})

test('every altered character makes it unknown', async () => {
  const clientId = await sealedId()
  for (let at = 0; at < clientId.length - 1; at += 7) {
    const other = clientId[at] === 'A' ? 'B' : 'A'
    const altered = clientId.slice(0, at) + other + clientId.slice(at + 1)
    expect(await openClient(keys, altered, NOW_SECONDS)).toBeUndefined()
  }
})

test('an id of another platform is unknown', async () => {
  const theirs = await deriveSealKeys(`a1:${'B'.repeat(43)}`, 'oauth/client')
  expect(await openClient(theirs, await sealedId(), NOW_SECONDS)).toBeUndefined()
})

test('a registration that makes the id longer than 2 KiB is refused', async () => {
  const redirectUris = [`https://app.example/${'x'.repeat(CLIENT_ID_MAX_CHARS)}`]
  const sealed = await sealClient(keys, { ...CLIENT, redirectUris }, NOW_SECONDS)
  expect(sealed).toEqual({ ok: false, failure: { reason: 'too_large' } })
})
