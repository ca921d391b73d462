/** Whose keys a Worker has, by its pins alone. */
import { describe, expect, test } from 'vitest'
import type { DeployedWorker } from '../../../scripts/deploy/account.ts'
import type { KeyFile } from '../../../scripts/deploy/key-file.ts'
import {
  fingerprintOf,
  isKeySecret,
  keySecretsOf,
  pinOf,
  standingOf,
} from '../../../scripts/deploy/key-pins.ts'
import { PLATFORM_ROLES } from '../../../scripts/deploy/names.ts'
import { readRequiredSecrets } from '../../../scripts/deploy/required-secrets.ts'
import { certified, makePlatformKeys } from '../../../scripts/keys/platform-keys.ts'
import { rotated } from '../../../scripts/keys/rotation.ts'

const NOW_SECONDS = 1_800_000_000
const LIFETIME_SECONDS = 86_400
const OPTIONS = { nowSeconds: NOW_SECONDS, certificateLifetimeSeconds: LIFETIME_SECONDS }

const madeKeys = () => makePlatformKeys(LIFETIME_SECONDS, NOW_SECONDS)
const fileOf = async (generation = 1): Promise<KeyFile> => ({
  keys: await madeKeys(),
  unsent: [],
  generation,
})
const workerWith = (...names: string[]): DeployedWorker => ({
  bindings: names.map((name) => ({ type: 'secret_text', name })),
})

describe('a fingerprint', () => {
  test.each([
    ['tokens', ['oauth']],
    ['seals', ['oauth', 'router']],
    ['capabilities', ['objects', 'router']],
    ['nonces', ['oauth', 'router']],
    ['signing', ['router']],
  ] as const)('of a Worker changes with a rotation of its keys: %s', async (kind, changed) => {
    const keys = await madeKeys()
    const after = await rotated(keys, kind, OPTIONS)
    const differ = PLATFORM_ROLES.filter(
      (role) => fingerprintOf(keys, role) !== fingerprintOf(after, role),
    )
    expect(differ.sort()).toEqual(changed)
  })

  test('stays when the certificate is renewed: each deploy may do that', async () => {
    const keys = await madeKeys()
    const pair = { publicJwk: keys.signing.publicJwk, privateJwk: keys.signing.key.privateJwk }
    const later = NOW_SECONDS + 1000
    const signing = await certified(keys.anchor, pair, LIFETIME_SECONDS, later)
    const renewed = { ...keys, signing }
    expect(renewed.signing.key).not.toEqual(keys.signing.key)
    expect(fingerprintOf(renewed, 'router')).toBe(fingerprintOf(keys, 'router'))
  })

  test.each(PLATFORM_ROLES)(
    'covers every required secret of %s but the operator’s own',
    async (role) => {
      const names = keySecretsOf(await madeKeys(), role).map(([name]) => name)
      expect(names.sort()).toEqual(readRequiredSecrets(role).sort())
    },
  )
})

describe('a copy of the key file', () => {
  test('fits a Worker without pins, with its own, and with those it was sent last', async () => {
    const file = await fileOf()
    expect(standingOf(file, 'oauth', undefined)).toBe('none')
    expect(standingOf(file, 'oauth', workerWith('TOKEN_KEYS'))).toBe('none')
    expect(standingOf(file, 'oauth', workerWith(pinOf(file, 'oauth')))).toBe('ours')
    const rotating = {
      keys: await rotated(file.keys, 'tokens', OPTIONS),
      unsent: ['oauth/TOKEN_KEYS' as const],
      generation: 2,
      sent: { oauth: fingerprintOf(file.keys, 'oauth') },
    }
    expect(standingOf(rotating, 'oauth', workerWith(pinOf(file, 'oauth')))).toBe('ours')
    expect(standingOf(rotating, 'oauth', workerWith(pinOf(rotating, 'oauth')))).toBe('ours')
  })

  test('of yesterday, or of another person, does not', async () => {
    const old = await fileOf()
    const newer = { ...old, keys: await rotated(old.keys, 'tokens', OPTIONS), generation: 2 }
    expect(standingOf(old, 'oauth', workerWith(pinOf(newer, 'oauth')))).toBe('other')
    expect(standingOf(old, 'router', workerWith(pinOf(newer, 'router')))).toBe('ours')
    expect(standingOf(await fileOf(), 'oauth', workerWith(pinOf(old, 'oauth')))).toBe('other')
  })

  test('sent beside another one is seen as such', async () => {
    const [one, other] = [await fileOf(2), await fileOf(2)]
    const both = workerWith(pinOf(one, 'router'), pinOf(other, 'router'))
    expect(standingOf(one, 'router', both)).toBe('mixed')
    expect(standingOf(other, 'router', both)).toBe('mixed')
  })
})

test('keys and pins are told from secrets an operator sets', async () => {
  expect(isKeySecret('router', 'SIGNING_KEY')).toBe(true)
  expect(isKeySecret('router', pinOf(await fileOf(), 'router'))).toBe(true)
  expect(isKeySecret('oauth', 'OIDC_CLIENT_SECRET')).toBe(false)
  expect(isKeySecret('oauth', 'MACHINE_ci')).toBe(false)
  expect(isKeySecret('objects', 'CONNECTIONS')).toBe(false)
})
