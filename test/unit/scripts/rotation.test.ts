/** What was made before a rotation counts after it, until its overlap ends; judged by those who read the keys. */
import { beforeAll, describe, expect, test } from 'vitest'
import { signAccessToken, verifyAccessToken } from '#shared/identity/access-token.ts'
import { mintAssertion, verifyAssertion } from '#shared/identity/assertion.ts'
import { createDpopNonces } from '#shared/identity/dpop-nonce.ts'
import { deriveSealKeys, open, seal } from '#shared/identity/seal.ts'
import {
  makePlatformKeys,
  secretsOf,
  type PlatformKeys,
} from '../../../scripts/keys/platform-keys.ts'
import {
  anchorsOf,
  KEY_KINDS,
  LEAD_SECONDS,
  OVERLAP_SECONDS,
  rotated,
  withoutRetired,
  type KeyKind,
} from '../../../scripts/keys/rotation.ts'
import { readTokenKeys } from '../../../workers/oauth/token/token-keys.ts'

const NOW_SECONDS = 1_800_000_000
const DAY_SECONDS = 86_400
const ISSUER = 'https://mcp.example'
const AUDIENCE = `${ISSUER}/clock/mcp`
/** So long that only what rotates runs out. */
const CERTIFICATE_SECONDS = 1000 * DAY_SECONDS

let before: PlatformKeys
beforeAll(async () => {
  before = await makePlatformKeys(CERTIFICATE_SECONDS, NOW_SECONDS)
})

const rotate = (kind: KeyKind, keys = before, nowSeconds = NOW_SECONDS, leaked = false) =>
  rotated(keys, kind, { nowSeconds, certificateLifetimeSeconds: CERTIFICATE_SECONDS, leaked })

describe('access-token keys', () => {
  const ring = (keys: PlatformKeys, nowSeconds: number) =>
    readTokenKeys(secretsOf(keys).oauth.TOKEN_KEYS).then((at) => at(nowSeconds))

  async function issue(keys: PlatformKeys, nowSeconds: number): Promise<string> {
    const { signing } = await ring(keys, nowSeconds)
    return signAccessToken(signing, {
      iss: ISSUER,
      sub: 'alice',
      aud: AUDIENCE,
      client_id: 'c',
      scope: '',
      iat: nowSeconds,
      exp: nowSeconds + DAY_SECONDS,
      jti: 'j',
      gid: 'g',
      tenant: 'default',
    })
  }
  async function accepts(keys: PlatformKeys, token: string, nowSeconds: number): Promise<boolean> {
    const { jwks } = await ring(keys, nowSeconds)
    const expected = { issuer: ISSUER, audience: AUDIENCE, jwks, nowSeconds }
    return (await verifyAccessToken(token, expected)).ok
  }

  test('the JWKS shows the new key before it signs (RFC 7517)', async () => {
    const after = await rotate('tokens')
    const early = await ring(after, NOW_SECONDS)
    expect(early.jwks.keys).toHaveLength(2)
    expect(early.signing.kid).toBe((await ring(before, NOW_SECONDS)).signing.kid)
    const later = await ring(after, NOW_SECONDS + LEAD_SECONDS)
    expect(later.signing.kid).not.toBe(early.signing.kid)
    expect(early.jwks.keys.map(({ kid }) => kid)).toContain(later.signing.kid)
  })

  test('the last token of the old key lives out its life, and the key ends with it', async () => {
    const after = await rotate('tokens')
    const lastSigned = NOW_SECONDS + LEAD_SECONDS - 1
    const token = await issue(after, lastSigned)
    expect(await accepts(after, token, lastSigned + DAY_SECONDS - 1)).toBe(true)
    const end = NOW_SECONDS + LEAD_SECONDS + OVERLAP_SECONDS.tokens
    expect((await ring(after, end)).jwks.keys).toHaveLength(1)
    expect(withoutRetired(after, end).tokenKeys).toHaveLength(1)
  })

  test('a leaked key counts no longer at all', async () => {
    const token = await issue(before, NOW_SECONDS)
    const after = await rotate('tokens', before, NOW_SECONDS, true)
    expect(await accepts(before, token, NOW_SECONDS)).toBe(true)
    expect(await accepts(after, token, NOW_SECONDS)).toBe(false)
    expect(await accepts(after, await issue(after, NOW_SECONDS), NOW_SECONDS)).toBe(true)
  })

  test('rotations close upon each other keep what each still needs', async () => {
    const token = await issue(before, NOW_SECONDS)
    let keys = before
    for (const hours of [0, 1, 2]) keys = await rotate('tokens', keys, NOW_SECONDS + hours * 3600)
    expect(await accepts(keys, token, NOW_SECONDS + DAY_SECONDS - 1)).toBe(true)
  })

  test('no private part is ever published', async () => {
    const { jwks } = await ring(await rotate('tokens'), NOW_SECONDS)
    for (const key of jwks.keys) expect(key).not.toHaveProperty('d')
  })
})

describe.each([
  ['seals', 'router', 'routerSeals'],
  ['seals', 'oauth', 'oauthSeals'],
  ['capabilities', 'objects', 'capabilities'],
] as const)('%s of %s', (kind, worker, overlap) => {
  const textOf = (keys: PlatformKeys): string =>
    worker === 'objects' ? keys.capabilitySecrets : keys.sealSecrets[worker]
  const keysAt = (keys: PlatformKeys, nowSeconds: number) =>
    deriveSealKeys(textOf(keys), 'label', nowSeconds)
  async function opens(keys: PlatformKeys, sealed: string, nowSeconds: number): Promise<boolean> {
    return (await open(await keysAt(keys, nowSeconds), 'purpose', sealed)).ok
  }

  test('what was sealed before opens until the overlap ends, and no longer', async () => {
    const sealed = await seal(await keysAt(before, NOW_SECONDS), 'purpose', { a: 1 })
    const after = await rotate(kind)
    const end = NOW_SECONDS + LEAD_SECONDS + OVERLAP_SECONDS[overlap]
    expect(await opens(after, sealed, end - 1)).toBe(true)
    expect(await opens(after, sealed, end)).toBe(false)
    expect(await opens(withoutRetired(after, end), sealed, end)).toBe(false)
  })

  test('the new key opens at once, and seals once every isolate can know it', async () => {
    const after = await rotate(kind)
    const [early] = await keysAt(after, NOW_SECONDS + LEAD_SECONDS - 1)
    const [late] = await keysAt(after, NOW_SECONDS + LEAD_SECONDS)
    expect([early.kid, late.kid]).toEqual(['k1', 'k2'])
    const sealed = await seal(await keysAt(after, NOW_SECONDS + LEAD_SECONDS), 'purpose', {})
    expect(await opens(after, sealed, NOW_SECONDS)).toBe(true)
  })

  test('a leaked one opens nothing any more', async () => {
    const sealed = await seal(await keysAt(before, NOW_SECONDS), 'purpose', {})
    const after = await rotate(kind, before, NOW_SECONDS, true)
    expect(await opens(after, sealed, NOW_SECONDS)).toBe(false)
  })

  test('key ids never come back', async () => {
    let keys = await rotate(kind)
    keys = await rotate(kind, keys, NOW_SECONDS + 500 * DAY_SECONDS)
    const kids = (await keysAt(keys, NOW_SECONDS + 501 * DAY_SECONDS)).map(({ kid }) => kid)
    expect(kids[0]).toBe('k3')
  })
})

describe('the secret of DPoP nonces', () => {
  const nonces = (keys: PlatformKeys) => createDpopNonces(keys.dpopSecret, ISSUER)

  test('nonces of the old one count while a deploy takes its time, then no longer', async () => {
    const after = await rotate('nonces')
    const during = NOW_SECONDS + OVERLAP_SECONDS.nonces - 1
    const nonce = await nonces(before).current(during)
    expect(await nonces(after).accepts(nonce, during)).toBe(true)
    expect(await nonces(after).accepts(nonce, during + 1)).toBe(false)
    expect(await nonces(before).accepts(await nonces(after).current(during), during)).toBe(false)
  })

  test('a leaked one makes no nonce any more', async () => {
    const nonce = await nonces(before).current(NOW_SECONDS)
    const after = await rotate('nonces', before, NOW_SECONDS, true)
    expect(await nonces(after).accepts(nonce, NOW_SECONDS)).toBe(false)
  })
})

describe('signing key and anchor of assertions', () => {
  const principal = { subject: 'alice', tenant: 'default', clientId: 'c', scopes: [] }
  /** A server built with the anchors of `built` is called by a router with the keys of `calling`. */
  async function believes(built: PlatformKeys, calling: PlatformKeys): Promise<boolean> {
    const assertion = await mintAssertion(calling.signing.key, 'clock', principal, NOW_SECONDS)
    const trust = { anchors: anchorsOf(built) }
    return (await verifyAssertion(trust, 'clock', assertion, NOW_SECONDS)).ok
  }

  test('a new signing key redeploys nothing', async () => {
    const after = await rotate('signing')
    expect(after.signing.publicJwk).not.toEqual(before.signing.publicJwk)
    expect(await believes(before, after)).toBe(true)
  })

  test('an anchor is replaced in two steps, and every server believes every router between them', async () => {
    const announced = await rotate('anchor')
    const replaced = await rotate('anchor', announced)
    // Step one, servers deployed or not; then all are, and the router follows when it does.
    expect(await believes(before, announced)).toBe(true)
    expect(await believes(announced, before)).toBe(true)
    expect(await believes(announced, replaced)).toBe(true)
    expect(await believes(replaced, announced)).toBe(true)
    expect(await believes(before, replaced)).toBe(false)
  })

  test('the old anchor goes when nothing it vouched for is left', async () => {
    const replaced = await rotate('anchor', await rotate('anchor'))
    expect(anchorsOf(replaced)).toHaveLength(2)
    const done = withoutRetired(replaced, NOW_SECONDS + OVERLAP_SECONDS.anchor)
    expect(anchorsOf(done)).toEqual([replaced.anchor.publicJwk])
    expect(await believes(done, before)).toBe(false)
  })

  test('a leaked anchor is believed by no server that is built again', async () => {
    const after = await rotate('anchor', before, NOW_SECONDS, true)
    expect(await believes(after, before)).toBe(false)
    expect(await believes(after, after)).toBe(true)
  })
})

test.each(KEY_KINDS)('%s: nothing else changes', async (kind) => {
  const after = await rotate(kind)
  const changed = Object.keys(after).filter(
    (name) => after[name as keyof PlatformKeys] !== before[name as keyof PlatformKeys],
  )
  const own: Record<KeyKind, string[]> = {
    tokens: ['tokenKeys'],
    seals: ['sealSecrets'],
    capabilities: ['capabilitySecrets'],
    nonces: ['dpopSecret'],
    signing: ['signing'],
    anchor: ['nextAnchor'],
  }
  const value = (keys: PlatformKeys, name: string) => JSON.stringify(keys[name as never])
  expect(changed.filter((name) => value(after, name) !== value(before, name))).toEqual(own[kind])
})
