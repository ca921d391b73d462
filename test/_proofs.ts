/** DPoP proofs (RFC 9449 §4.2), good and broken, by node:crypto: nothing of the platform's own. */
import {
  createHash,
  createHmac,
  generateKeyPairSync,
  randomUUID,
  sign,
  type KeyObject,
} from 'node:crypto'

export type ProofAlg = 'ES256' | 'Ed25519' | 'EdDSA'

export interface ProofKey {
  readonly alg: ProofAlg
  readonly privateKey: KeyObject
  readonly publicJwk: Record<string, unknown>
  readonly privateJwk: Record<string, unknown>
  /** RFC 7638. */
  readonly jkt: string
}

export function newProofKey(alg: ProofAlg = 'ES256'): ProofKey {
  const { privateKey, publicKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('ed25519')
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  const members = y === undefined ? { crv, kty, x } : { crv, kty, x, y }
  const privateJwk = privateKey.export({ format: 'jwk' }) as Record<string, unknown>
  return { alg, privateKey, publicJwk: members, privateJwk, jkt: sha256(JSON.stringify(members)) }
}

export const sha256 = (text: string): string =>
  createHash('sha256').update(text).digest('base64url')

/** A proof before it is signed; tests break it here. */
export interface Draft {
  header: Record<string, unknown>
  claims: Record<string, unknown>
  /** Stands instead of the claims. */
  payload?: string
  /** Signs instead of the key in the header. */
  signer: ProofKey
  /** What is sent, made of the finished proof. */
  finish: (proof: string) => string
}

export interface ProofFor {
  method?: string
  url: string | URL
  nonce?: string | undefined
  accessToken?: string | undefined
}

export function makeProof(
  key: ProofKey,
  { method = 'POST', url, nonce, accessToken }: ProofFor,
  change: (draft: Draft) => void = () => {},
): string {
  const draft: Draft = {
    header: { typ: 'dpop+jwt', alg: key.alg, jwk: key.publicJwk },
    claims: {
      jti: randomUUID(),
      htm: method,
      htu: new URL(url).origin + new URL(url).pathname,
      iat: Math.floor(Date.now() / 1000),
      ...(nonce === undefined ? {} : { nonce }),
      ...(accessToken === undefined ? {} : { ath: sha256(accessToken) }),
    },
    signer: key,
    finish: (proof) => proof,
  }
  change(draft)
  const claims = draft.payload ?? JSON.stringify(draft.claims)
  const signed = `${encode(draft.header)}.${Buffer.from(claims).toString('base64url')}`
  return draft.finish(`${signed}.${signatureOf(signed, draft)}`)
}

function signatureOf(signed: string, { header, signer }: Draft): string {
  const bytes = Buffer.from(signed)
  if (header['alg'] === 'none') return ''
  if (header['alg'] === 'HS256') {
    return createHmac('sha256', String(signer.publicJwk['x'])).update(bytes).digest('base64url')
  }
  const { privateKey, alg } = signer
  const signature =
    alg === 'ES256'
      ? sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      : sign(null, bytes, privateKey)
  return signature.toString('base64url')
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const without = (member: string) => (draft: Draft) => {
  delete draft.header[member]
  delete draft.claims[member]
}
const claim = (name: string, value: unknown) => (draft: Draft) => {
  draft.claims[name] = value
}
const header = (name: string, value: unknown) => (draft: Draft) => {
  draft.header[name] = value
}
const moved = (seconds: number) => (draft: Draft) => {
  draft.claims['iat'] = Number(draft.claims['iat']) + seconds
}
const htu = (change: (url: string) => string) => (draft: Draft) => {
  draft.claims['htu'] = change(String(draft.claims['htu']))
}
const jwk = (members: Record<string, unknown>) => (draft: Draft) => {
  draft.header['jwk'] = { ...(draft.header['jwk'] as object), ...members }
}
const finish = (change: (proof: string) => string) => (draft: Draft) => {
  draft.finish = change
}

/** Signed like any other, whatever it says: the signature is not what is wrong. */
const payload = (text: string) => (draft: Draft) => {
  draft.payload = text
}

/** Replaces one character in the middle of a part by another of the alphabet. */
const tampered = (part: 0 | 1 | 2) =>
  finish((proof) => {
    const parts = proof.split('.')
    const text = parts[part] ?? ''
    const at = Math.floor(text.length / 2)
    parts[part] = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
    return parts.join('.')
  })

/**
 * Rows 1 to 7 of the negative checklist: what is wrong with a proof by itself,
 * whoever receives it, and the reason the verifier gives.
 */
export const BROKEN_PROOFS: readonly [
  title: string,
  change: (draft: Draft) => void,
  reason: string,
][] = [
  ['row 1: two proofs in one header', finish((proof) => `${proof}, ${proof}`), 'malformed'],
  ['row 1: not a JWT', finish(() => 'not a proof'), 'malformed'],
  ['row 1: empty', finish(() => ''), 'malformed'],
  ['row 1: claims that are null', payload('null'), 'malformed'],
  ['row 1: claims in no JSON', payload('{'), 'malformed'],
  ['row 1: longer than 4 KiB', claim('pad', 'x'.repeat(4096)), 'malformed'],
  ['row 2: no jti', without('jti'), 'wrong_jti'],
  ['row 2: no htm', without('htm'), 'wrong_method'],
  ['row 2: no htu', without('htu'), 'wrong_target'],
  ['row 2: no iat', without('iat'), 'wrong_time'],
  ['row 2: no jwk', without('jwk'), 'unsupported_key'],
  ['row 2: a jti of 7 characters', claim('jti', '1234567'), 'wrong_jti'],
  ['row 2: a jti of 129 characters', claim('jti', 'j'.repeat(129)), 'wrong_jti'],
  ['row 2: an iat that is text', claim('iat', String(Math.floor(Date.now() / 1000))), 'wrong_time'],
  ['row 2: typ JWT', header('typ', 'JWT'), 'wrong_type'],
  ['row 2: no typ', without('typ'), 'wrong_type'],
  ['row 3: alg none', header('alg', 'none'), 'malformed'],
  [
    'row 3: alg none with a signature',
    (draft) => {
      draft.header['alg'] = 'none'
      draft.finish = (proof) => `${proof}AAAA`
    },
    'unsupported_algorithm',
  ],
  ['row 3: alg HS256', header('alg', 'HS256'), 'unsupported_algorithm'],
  ['row 3: alg ES384, which is not announced', header('alg', 'ES384'), 'unsupported_algorithm'],
  ['row 3: alg Ed25519 with a P-256 key', header('alg', 'Ed25519'), 'unsupported_key'],
  [
    'row 3: ES256 with a key that says it is of another kind',
    jwk({ kty: 'OKP' }),
    'unsupported_key',
  ],
  ['row 3: ES256 with a key of another curve', jwk({ crv: 'P-384' }), 'unsupported_key'],
  ['row 3: a point that is not on the curve', jwk({ x: 'A'.repeat(43) }), 'unsupported_key'],
  ['row 3: a critical extension', header('crit', ['b64']), 'critical_extension'],
  ['row 4: the private key in jwk', jwk({ d: 'A'.repeat(43) }), 'private_key'],
  ['row 4: a symmetric key in jwk', header('jwk', { kty: 'oct', k: 'AAAA' }), 'private_key'],
  ['row 5: a tampered signature', tampered(2), 'bad_signature'],
  [
    'row 5: signed by another key than jwk',
    (draft) => {
      draft.signer = newProofKey()
    },
    'bad_signature',
  ],
  ['row 6: another method', claim('htm', 'GET'), 'wrong_method'],
  ['row 6: the method in small letters', claim('htm', 'post'), 'wrong_method'],
  ['row 6: another path', htu((url) => `${url}x`), 'wrong_target'],
  ['row 6: another scheme', htu((url) => url.replace('http:', 'https:')), 'wrong_target'],
  ['row 6: another port', htu((url) => url.replace(/:\d+/, ':1')), 'wrong_target'],
  ['row 6: a query in htu', htu((url) => `${url}?a=b`), 'wrong_target'],
  ['row 6: a fragment in htu', htu((url) => `${url}#a`), 'wrong_target'],
  ['row 6: a user in htu', htu((url) => url.replace('//', '//a@')), 'wrong_target'],
  ['row 7: iat 303 s ago', moved(-303), 'wrong_time'],
  ['row 7: iat in 303 s', moved(303), 'wrong_time'],
]

/** Odd, but right: each must be accepted. */
export const GOOD_PROOFS: readonly [title: string, change: (draft: Draft) => void][] = [
  ['row 6: htu with the host in capitals', htu((url) => url.replace('localhost', 'LOCALHOST'))],
  ['row 6: htu with dot segments', htu((url) => url.replace(/\/([^/]*)$/, '/./x/../$1'))],
  ['row 7: iat 290 s ago', moved(-290)],
  ['row 7: iat in 290 s', moved(290)],
  ['a claim that nobody knows', claim('more', { a: 1 })],
]
