import { expect, it } from 'vitest'
import {
  CAPABILITY_LABEL,
  CAPABILITY_LIFETIME_SECONDS,
  CAPABILITY_RENEW_SECONDS,
  mintCapability,
  openCapability,
  type Capability,
} from '#shared/identity/capability.ts'
import { deriveSealKeys, seal } from '#shared/identity/seal.ts'
import { makeSealSecrets } from '#shared/sdk/testing/trust.ts'
import { MAX_TIMEOUT_MS } from '#shared/engine/author/limits.ts'

const NOW = 1_800_000_000
const keysOf = (secrets: string) => deriveSealKeys(secrets, CAPABILITY_LABEL)
const secrets = makeSealSecrets()
const keys = await keysOf(secrets)

const call: Capability = {
  server: 'shop',
  tenant: 'default',
  subject: 'ada',
  clientId: 'client',
  method: 'tools/call',
  name: 'add_item',
}

it('opens to exactly what the router said, and nothing it was not asked to say', async () => {
  const text = await mintCapability(keys, { ...call, scopes: ['x'] } as Capability, NOW)
  expect(await openCapability(keys, text, NOW)).toEqual({ ok: true, value: call })
})

it('outlives the longest run, also when it was handed out just before it is renewed', async () => {
  const text = await mintCapability(keys, call, NOW)
  const endOfRun = NOW + CAPABILITY_RENEW_SECONDS + MAX_TIMEOUT_MS / 1000
  expect((await openCapability(keys, text, endOfRun)).ok).toBe(true)
})

it('ends when its time is over', async () => {
  const text = await mintCapability(keys, call, NOW)
  const end = NOW + CAPABILITY_LIFETIME_SECONDS
  expect((await openCapability(keys, text, end - 1)).ok).toBe(true)
  expect(await openCapability(keys, text, end)).toEqual({
    ok: false,
    failure: { reason: 'expired' },
  })
})

it('is refused when another key made it, when it was changed, and when it is none', async () => {
  const foreign = await mintCapability(await keysOf(makeSealSecrets()), call, NOW)
  const text = await mintCapability(keys, call, NOW)
  const middle = Math.floor(text.length / 2)
  const changed =
    text.slice(0, middle) + (text[middle] === 'A' ? 'B' : 'A') + text.slice(middle + 1)
  for (const forged of [foreign, changed, '', 'k1.', 'k9.AAAA', 'not a capability']) {
    expect((await openCapability(keys, forged, NOW)).ok, forged).toBe(false)
  }
})

it('is no other sealed text, were it of the same key', async () => {
  const other = await seal(keys, 'requestState', { ...call, expiresAtSeconds: NOW + 60 })
  expect((await openCapability(keys, other, NOW)).ok).toBe(false)
})

it('counts through a rotation of its key', async () => {
  const text = await mintCapability(keys, call, NOW)
  const rotated = await keysOf(`k2:${makeSealSecrets().slice('k1:'.length)},${secrets}`)
  expect((await openCapability(rotated, text, NOW)).ok).toBe(true)
  const alone = await keysOf(`k2:${makeSealSecrets().slice('k1:'.length)}`)
  expect((await openCapability(alone, text, NOW)).ok).toBe(false)
})
