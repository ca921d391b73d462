/** Whom PLATFORM serves: the holder of a capability, and only in what it names (DESIGN §2, §4.8). */
import { env, exports } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  CAPABILITY_LABEL,
  CAPABILITY_LIFETIME_SECONDS,
  mintCapability,
  type Capability,
} from '#shared/identity/capability.ts'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { randomId } from '#shared/lib/random-id.ts'
import { platformOf } from '#shared/contracts/entrypoints.ts'

const ADA: Capability = {
  server: 'shop',
  tenant: 'default',
  subject: 'ada',
  clientId: 'client',
  method: 'tools/call',
  name: 'buy',
}
const platform = platformOf(exports.Platform as unknown as Fetcher)
const REFUSED = { ok: false, failure: { reason: 'refused' } }
const START_MS = Date.now()

async function capability(changed: Partial<Capability> = {}, secrets = env.CAPABILITY_SECRETS) {
  const keys = await deriveSealKeys(secrets, CAPABILITY_LABEL)
  return mintCapability(keys, { ...ADA, ...changed }, Math.floor(Date.now() / 1000))
}
const newRun = () => ({ id: randomId(), keptSeconds: 3600 })

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the request capability', () => {
  it('is asked for by every method', async () => {
    const run = newRun()
    for (const forged of [
      '',
      'k1.AAAA',
      await capability({}, `k1:${'d'.repeat(43)}`),
      undefined as unknown as string,
    ]) {
      expect(await platform.claimRun(forged, run, 1)).toEqual(REFUSED)
      expect(await platform.releaseRun(forged, run, 1)).toEqual(REFUSED)
      expect(await platform.recordedStep(forged, run, 'pay')).toEqual(REFUSED)
      expect(await platform.recordStep(forged, run, 'pay', '1')).toEqual(REFUSED)
    }
  })

  it('ends', async () => {
    const text = await capability()
    const run = newRun()
    expect(await platform.claimRun(text, run, 1)).toEqual({ ok: true, value: true })
    vi.setSystemTime(START_MS + (CAPABILITY_LIFETIME_SECONDS + 1) * 1000)
    expect(await platform.claimRun(text, run, 2)).toEqual(REFUSED)
  })

  it.each([
    ['principal', { subject: 'mallory' }],
    ['tenant', { tenant: 'other' }],
    ['server', { server: 'bank' }],
  ])('reaches nothing of another %s', async (_, other) => {
    const run = newRun()
    await platform.recordStep(await capability(), run, 'pay', '"receipt"')
    const theirs = await capability(other)
    expect(await platform.recordedStep(theirs, run, 'pay')).toEqual({ ok: true, value: undefined })
    expect(await platform.claimRun(theirs, run, 1)).toEqual({ ok: true, value: true })
    expect(await platform.claimRun(await capability(), run, 1)).toEqual({ ok: true, value: true })
  })

  it('serves another call and another client of the same principal: the run is theirs', async () => {
    const run = newRun()
    await platform.recordStep(await capability(), run, 'pay', '"receipt"')
    const later = await capability({ clientId: 'another', name: 'refund' })
    expect(await platform.recordedStep(later, run, 'pay')).toEqual({ ok: true, value: '"receipt"' })
  })
})
