/** RFC 9449 §4.3, check by check; PROTOCOL's negative table, rows 1 to 8 and 14. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifyDpopProof, type ProofExpectation } from '#shared/identity/dpop-proof.ts'
import { BROKEN_PROOFS, GOOD_PROOFS, makeProof, newProofKey } from '../../_proofs.ts'

const URL_ = 'http://localhost:8787/clock/mcp'
const NONCE = 'the-nonce'
const CHARACTERS = ['A', 'b', 'Z', '0', '9', '_', '-', '.', ',', '+', '/', '=', ' ']
const key = newProofKey()

const expected = (changes: Partial<ProofExpectation> = {}): ProofExpectation => ({
  method: 'POST',
  target: URL_,
  nowSeconds: Math.floor(Date.now() / 1000),
  isNonce: async (nonce) => nonce === NONCE,
  ...changes,
})
const good = { url: URL_, nonce: NONCE }
const refusal = (reason: string) => ({ ok: false, failure: { reason } })

describe('verifyDpopProof', () => {
  it.each(['ES256', 'Ed25519', 'EdDSA'] as const)('accepts %s', async (alg) => {
    const other = newProofKey(alg)
    const verified = await verifyDpopProof(makeProof(other, good), expected())
    expect(verified).toMatchObject({ ok: true, value: { jkt: other.jkt, target: URL_ } })
  })

  it.each(GOOD_PROOFS)('accepts %s', async (_, change) => {
    expect(await verifyDpopProof(makeProof(key, good, change), expected())).toMatchObject({
      ok: true,
    })
  })

  it.each(BROKEN_PROOFS)('refuses %s', async (_, change, reason) => {
    // Known key or new one: the cache must not spare a check.
    for (const signer of [key, newProofKey()]) {
      const proof = makeProof(signer, good, change)
      expect(await verifyDpopProof(proof, expected())).toEqual(refusal(reason))
    }
  })

  it.each([
    ['curve', { crv: 'X25519' }],
    ['kind', { kty: 'EC' }],
  ])('refuses an Ed25519 key that says it is of another %s (row 3)', async (_, members) => {
    const proof = makeProof(newProofKey('Ed25519'), good, (draft) => {
      draft.header['jwk'] = { ...(draft.header['jwk'] as object), ...members }
    })
    expect(await verifyDpopProof(proof, expected())).toEqual(refusal('unsupported_key'))
  })

  it.each([
    ['ES256', 'x'],
    ['ES256', 'y'],
    ['Ed25519', 'x'],
  ] as const)('refuses an %s key whose %s is spelt otherwise (row 3)', async (alg, member) => {
    const other = newProofKey(alg)
    const value = String(other.publicJwk[member])
    for (const spelling of [`${value}=`, `${value}A`, `\n${value}`, [value], undefined]) {
      const proof = makeProof(other, good, (draft) => {
        draft.header['jwk'] = { ...other.publicJwk, [member]: spelling }
      })
      expect(await verifyDpopProof(proof, expected())).toEqual(refusal('unsupported_key'))
    }
  })

  it('accepts a default port that htu spells out', async () => {
    const target = 'https://mcp.example.com/clock/mcp'
    const proof = makeProof(key, { url: target, nonce: NONCE }, (draft) => {
      draft.claims['htu'] = 'HTTPS://mcp.example.com:443/clock/mcp'
    })
    expect((await verifyDpopProof(proof, expected({ target }))).ok).toBe(true)
  })

  it('refuses ath that is absent or of another token, when a token is there (row 8)', async () => {
    const accessToken = 'a.b.c'
    const check = (ath?: string) =>
      verifyDpopProof(makeProof(key, { ...good, accessToken: ath }), expected({ accessToken }))
    expect((await check(accessToken)).ok).toBe(true)
    expect(await check('another')).toEqual(refusal('wrong_token_hash'))
    expect(await check()).toEqual(refusal('wrong_token_hash'))
  })

  it('refuses a nonce that is absent or not ours (row 14), after every other defect', async () => {
    const check = (nonce?: string) =>
      verifyDpopProof(makeProof(key, { url: URL_, nonce }), expected())
    expect(await check('another')).toEqual(refusal('wrong_nonce'))
    expect(await check()).toEqual(refusal('wrong_nonce'))
    const broken = makeProof(key, { url: URL_ }, (draft) => (draft.signer = newProofKey()))
    expect(await verifyDpopProof(broken, expected())).toEqual(refusal('bad_signature'))
  })

  it('refuses whatever text is sent instead, without throwing', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    )
    const texts = fc.oneof(
      fc.string(),
      fc.tuple(part, part, part).map((parts) => parts.join('.')),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect((await verifyDpopProof(text, expected())).ok).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it('refuses a proof in which any one character was changed', async () => {
    const proof = makeProof(key, good)
    // The last character of a 64-byte signature has bits that mean nothing.
    const at = fc.nat({ max: proof.length - 2 })
    await fc.assert(
      fc.asyncProperty(at, fc.constantFrom(...CHARACTERS), async (index, character) => {
        fc.pre(proof[index] !== character)
        const changed = proof.slice(0, index) + character + proof.slice(index + 1)
        expect((await verifyDpopProof(changed, expected())).ok).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})
