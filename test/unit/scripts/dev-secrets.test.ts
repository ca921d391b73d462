import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ANONYMOUS } from '#shared/identity/principal.ts'
import {
  mintAssertion,
  verifyAssertion,
  type SigningKey,
  type Trust,
} from '#shared/identity/assertion.ts'
import { devSecrets } from '../../../scripts/dev-secrets.ts'

const DAY_SECONDS = 86_400
const NOW_SECONDS = 1_800_000_000

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-edge-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const make = (nowSeconds = NOW_SECONDS) =>
  devSecrets(join(folder, 'secrets.json'), join(folder, 'trust.json'), nowSeconds)
const trust = () => JSON.parse(readFileSync(join(folder, 'trust.json'), 'utf8')) as Trust

async function accepted(signingKey: string, nowSeconds: number): Promise<boolean> {
  const key = JSON.parse(signingKey) as SigningKey
  const assertion = await mintAssertion(key, 'clock', ANONYMOUS, nowSeconds)
  return (await verifyAssertion(trust(), 'clock', assertion, nowSeconds)).ok
}

test('a second start finds the secrets of the first, readable by the owner alone', async () => {
  const first = await make()
  expect(await make()).toEqual(first)
  expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600)
})

test('two first starts at once agree on one set', async () => {
  const [a, b] = await Promise.all([make(), make()])
  expect(a).toEqual(b)
})

test('servers that embed the anchor believe the router that has the signing key', async () => {
  const { router } = await make()
  expect(await accepted(router.SIGNING_KEY, NOW_SECONDS)).toBe(true)
})

test('only the public half of the anchor is given to builds', async () => {
  await make()
  expect(trust().anchors).toEqual([expect.not.objectContaining({ d: expect.anything() })])
})

test('the certificate is renewed when less than 30 days are left, under the same anchor', async () => {
  const first = await make()
  const anchor = trust()
  expect(await make(NOW_SECONDS + 59 * DAY_SECONDS)).toEqual(first)
  const laterSeconds = NOW_SECONDS + 61 * DAY_SECONDS
  const renewed = await make(laterSeconds)
  expect(renewed.router.SIGNING_KEY).not.toBe(first.router.SIGNING_KEY)
  expect(trust()).toEqual(anchor)
  expect(await accepted(renewed.router.SIGNING_KEY, laterSeconds + 60 * DAY_SECONDS)).toBe(true)
})

test('router and authorization server share no seal secret', async () => {
  const { router, oauth } = await make()
  expect(router.SEAL_SECRETS).toMatch(/^k1:[\w-]{43}$/)
  expect(oauth.SEAL_SECRETS).not.toBe(router.SEAL_SECRETS)
})

test('router and objects share the capability secret, also when older secrets are kept', async () => {
  const { router, objects } = await make()
  expect(router.CAPABILITY_SECRETS).toMatch(/^k1:[\w-]{43}$/)
  expect(router.CAPABILITY_SECRETS).not.toBe(router.SEAL_SECRETS)
  expect(objects.CAPABILITY_SECRETS).toBe(router.CAPABILITY_SECRETS)

  const file = join(folder, 'secrets.json')
  const { capabilitySecrets: _, ...older } = JSON.parse(readFileSync(file, 'utf8')) as object & {
    capabilitySecrets: string
  }
  writeFileSync(file, JSON.stringify(older))
  const upgraded = await make()
  expect(upgraded.router.DPOP_SECRET).toBe(router.DPOP_SECRET)
  expect(upgraded.objects).toEqual({
    CAPABILITY_SECRETS: upgraded.router.CAPABILITY_SECRETS,
    CONNECTIONS: '',
  })
  expect(await make()).toEqual(upgraded)
})

test('router and authorization server share the DPoP secret, also when older secrets are kept', async () => {
  const { router, oauth } = await make()
  expect(router.DPOP_SECRET).toMatch(/^[\w-]{43}$/)
  expect(oauth.DPOP_SECRET).toBe(router.DPOP_SECRET)

  const file = join(folder, 'secrets.json')
  const { dpopSecret: _, ...older } = JSON.parse(readFileSync(file, 'utf8')) as object & {
    dpopSecret: string
  }
  writeFileSync(file, JSON.stringify(older))
  const upgraded = await make()
  expect(upgraded.router.SEAL_SECRETS).toBe(router.SEAL_SECRETS)
  expect(upgraded.oauth.DPOP_SECRET).toBe(upgraded.router.DPOP_SECRET)
  expect(await make()).toEqual(upgraded)
})
