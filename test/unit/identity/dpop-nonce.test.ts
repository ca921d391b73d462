/** RFC 9449 §8: nonces that nobody stores. */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { createDpopNonces } from '#shared/identity/dpop-nonce.ts'

const SECRET = randomBytes(32).toString('base64url')
const ORIGIN = 'https://mcp.example.com'
const NOW_SECONDS = 1_800_000_000

it('counts in its own minute and the next, wherever the secret is the same', async () => {
  const nonce = await createDpopNonces(SECRET, ORIGIN).current(NOW_SECONDS)
  expect(nonce).toMatch(/^[\w-]{22}$/)
  const elsewhere = createDpopNonces(SECRET, ORIGIN)
  expect(await elsewhere.accepts(nonce, NOW_SECONDS)).toBe(true)
  expect(await elsewhere.accepts(nonce, NOW_SECONDS + 60)).toBe(true)
})

it('is stale two minutes later, and not yet one a minute before (row 14)', async () => {
  const nonces = createDpopNonces(SECRET, ORIGIN)
  const nonce = await nonces.current(NOW_SECONDS)
  expect(await nonces.accepts(nonce, NOW_SECONDS + 120)).toBe(false)
  expect(await nonces.accepts(nonce, NOW_SECONDS - 60)).toBe(false)
})

it('says nothing at another origin, nor under another secret (row 14)', async () => {
  const nonce = await createDpopNonces(SECRET, ORIGIN).current(NOW_SECONDS)
  const atAs = createDpopNonces(SECRET, 'https://login.example.com')
  expect(await atAs.accepts(nonce, NOW_SECONDS)).toBe(false)
  const others = createDpopNonces(randomBytes(32).toString('base64url'), ORIGIN)
  expect(await others.accepts(nonce, NOW_SECONDS)).toBe(false)
  expect(await others.accepts('', NOW_SECONDS)).toBe(false)
})

it('of a secret that is being replaced counts until its time, and is made no more (RFC 9449 §8)', async () => {
  const old = await createDpopNonces(SECRET, ORIGIN).current(NOW_SECONDS)
  const next = randomBytes(32).toString('base64url')
  const both = createDpopNonces(`${next},${SECRET}:${NOW_SECONDS + 30}`, ORIGIN)
  expect(await both.accepts(old, NOW_SECONDS + 29)).toBe(true)
  expect(await both.accepts(old, NOW_SECONDS + 30)).toBe(false)
  const made = await both.current(NOW_SECONDS)
  expect(await createDpopNonces(next, ORIGIN).accepts(made, NOW_SECONDS)).toBe(true)
})

it.each(['', 'short', 'not base64url!'.repeat(5)])('refuses the secret "%s"', (secret) => {
  expect(() => createDpopNonces(secret, ORIGIN)).toThrow('DPOP_SECRET')
})
