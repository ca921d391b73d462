/** Session ids of the 2025 era: sealed, bound, expiring (DESIGN §4.2, §4.8). */
import { describe, expect, it } from 'vitest'
import { ANONYMOUS, type Principal } from '#shared/identity/principal.ts'
import { seal, type SealKey, type SealKeys } from '#shared/identity/seal.ts'
import { SESSION_ID_MAX_CHARS, SESSION_LIFETIME_SECONDS } from '#shared/gateway/legacy/limits.ts'
import { mintSessionId, openSessionId } from '#shared/gateway/legacy/session-id.ts'

const OLD: SealKey = { kid: 'k1', secret: 'A'.repeat(43) }
const NEW: SealKey = { kid: 'k2', secret: 'B'.repeat(42) + 'A' }
const KEYS: SealKeys = [OLD]
const NOW = 1_800_000_000
const ALICE: Principal = { subject: 'alice', tenant: 'acme', clientId: 'c1', scopes: [] }
const CLIENT = {
  version: '2025-06-18',
  flags: 'fr',
  info: { name: 'Some Client', version: '1.2.3' },
} as const

const mint = (principal = ALICE, server = 'clock', info = CLIENT.info as typeof CLIENT.info) =>
  mintSessionId(KEYS, { principal, server }, { ...CLIENT, info }, NOW)
const openAs = (
  text: string,
  { principal = ALICE, server = 'clock', nowSeconds = NOW, keys = KEYS as SealKeys } = {},
) => openSessionId(keys, text, { principal, server }, nowSeconds)

describe('a session id', () => {
  it('opens for its owner and server, with what the client said of itself', async () => {
    const session = await openAs(await mint())
    expect(session).toEqual({
      id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/) as string,
      version: '2025-06-18',
      flags: 'fr',
      client: CLIENT.info,
      expiresAtSeconds: NOW + SESSION_LIFETIME_SECONDS,
    })
  })

  it('is never the same twice, and visible ASCII', async () => {
    const [one, two] = [await mint(), await mint()]
    expect((await openAs(one))?.id).not.toBe((await openAs(two))?.id)
    expect(one).toMatch(/^[\x21-\x7e]+$/)
  })

  it('does not care for client, token or scopes', async () => {
    const later = { ...ALICE, clientId: 'c2', scopes: ['more'], jkt: 'x' }
    expect(await openAs(await mint(), { principal: later })).toBeDefined()
  })

  it('survives the rotation of its key', async () => {
    expect(await openAs(await mint(), { keys: [NEW, OLD] })).toBeDefined()
  })

  it('keeps its bound, whatever people and clients are called', async () => {
    const principal = { ...ALICE, subject: '"\\é'.repeat(300), tenant: 't'.repeat(300) }
    const info = { name: '"\\日本'.repeat(100), version: '\\"'.repeat(100) }
    const text = await mintSessionId(
      KEYS,
      { principal, server: 's'.repeat(40) },
      { ...CLIENT, flags: 'fustr', info },
      NOW,
    )
    expect(text.length).toBeLessThanOrEqual(SESSION_ID_MAX_CHARS)
    expect(await openAs(text, { principal, server: 's'.repeat(40) })).toBeDefined()
    const other = { ...principal, subject: `${principal.subject}x` }
    expect(await openAs(text, { principal: other, server: 's'.repeat(40) })).toBeUndefined()
  })

  it('of the longest plain owner keeps its bound too', async () => {
    const principal = { ...ALICE, subject: 'u'.repeat(125), tenant: 't'.repeat(120) }
    const text = await mint(principal, 's'.repeat(40))
    expect(text.length).toBeLessThanOrEqual(SESSION_ID_MAX_CHARS)
  })
})

describe('a session id does not count', () => {
  it('for another subject', async () => {
    expect(await openAs(await mint(), { principal: { ...ALICE, subject: 'bob' } })).toBeUndefined()
  })

  it('for the same subject of another tenant', async () => {
    expect(await openAs(await mint(), { principal: { ...ALICE, tenant: 'evil' } })).toBeUndefined()
  })

  it('for a stranger, nor a stranger’s for a user', async () => {
    expect(await openAs(await mint(), { principal: ANONYMOUS })).toBeUndefined()
    expect(await openAs(await mint(ANONYMOUS), { principal: ALICE })).toBeUndefined()
  })

  it('at another server', async () => {
    expect(await openAs(await mint(), { server: 'notes' })).toBeUndefined()
  })

  it('after 30 days, and not before its time', async () => {
    const text = await mint()
    const last = NOW + SESSION_LIFETIME_SECONDS - 1
    expect(await openAs(text, { nowSeconds: last })).toBeDefined()
    expect(await openAs(text, { nowSeconds: last + 1 })).toBeUndefined()
    expect(await openAs(text, { nowSeconds: NOW - 3600 })).toBeUndefined()
  })

  it('when one character was changed, wherever', async () => {
    const text = await mint()
    for (const at of [0, 4, Math.floor(text.length / 2), text.length - 2]) {
      const swapped = text[at] === 'x' ? 'y' : 'x'
      const tampered = text.slice(0, at) + swapped + text.slice(at + 1)
      expect(await openAs(tampered)).toBeUndefined()
    }
  })

  it('when it was sealed for another use, under a lost key, or is no sealed text', async () => {
    const foreign = await seal(KEYS, 'other', { i: 'x' })
    expect(await openAs(foreign)).toBeUndefined()
    expect(await openAs(await mint(), { keys: [NEW] })).toBeUndefined()
    expect(await openAs('')).toBeUndefined()
    expect(await openAs(crypto.randomUUID())).toBeUndefined()
    expect(await openAs('k1.'.padEnd(SESSION_ID_MAX_CHARS + 1, 'A'))).toBeUndefined()
  })
})
