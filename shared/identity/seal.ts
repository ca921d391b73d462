/**
 * Sealing: AES-256-GCM over JSON, for state that travels through a client's
 * hands (session ids, `requestState`, stateless client ids).
 *
 * Wire form: `<kid>.<base64url(iv ‖ ciphertext ‖ tag)>`. `purpose` is bound as
 * additional data, so text sealed for one use never opens for another. Expiry
 * and principal binding are the caller's: put them into the sealed value and
 * check them after opening.
 */
import { fromBase64Url, toBase64Url, tryFromBase64Url } from '../lib/base64url.ts'
import { fail, ok, type Result } from '../lib/result.ts'

/** One derived AES key. `kid` names the master secret it came from. */
export interface SealKey {
  readonly kid: string
  /** 32 bytes, base64url: the form in which a key travels in a decision header. */
  readonly secret: string
}

/** Current first, then those still accepted for opening (rotation with overlap). */
export type SealKeys = readonly [SealKey, ...SealKey[]]

export type SealFailure = { reason: 'malformed' | 'unknown_key' | 'tampered' }

const IV_BYTES = 12
const encoder = new TextEncoder()
const decoder = new TextDecoder()

const imported = new Map<string, Promise<CryptoKey>>()
/** Rotation leaves at most a handful of live keys per isolate; this only bounds a bug. */
const MAX_IMPORTED_KEYS = 256

function importKey(secret: string): Promise<CryptoKey> {
  let key = imported.get(secret)
  if (!key) {
    if (imported.size >= MAX_IMPORTED_KEYS) imported.clear()
    key = crypto.subtle.importKey('raw', fromBase64Url(secret), 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ])
    imported.set(secret, key)
  }
  return key
}

/** Seals `value` (JSON-serialisable) under the current key. */
export async function seal(keys: SealKeys, purpose: string, value: unknown): Promise<string> {
  const [current] = keys
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: encoder.encode(purpose) },
    await importKey(current.secret),
    encoder.encode(JSON.stringify(value)),
  )
  const bytes = new Uint8Array(IV_BYTES + sealed.byteLength)
  bytes.set(iv)
  bytes.set(new Uint8Array(sealed), IV_BYTES)
  return `${current.kid}.${toBase64Url(bytes)}`
}

/** Opens what {@link seal} made. The value is as the sealer wrote it: same keys, same purpose. */
export async function open<Value>(
  keys: SealKeys,
  purpose: string,
  text: string,
): Promise<Result<Value, SealFailure>> {
  const dot = text.indexOf('.')
  if (dot < 1) return fail({ reason: 'malformed' })
  const kid = text.slice(0, dot)
  const key = keys.find((candidate) => candidate.kid === kid)
  if (!key) return fail({ reason: 'unknown_key' })
  const bytes = tryFromBase64Url(text.slice(dot + 1))
  if (!bytes || bytes.byteLength <= IV_BYTES) return fail({ reason: 'malformed' })
  try {
    const plain = await crypto.subtle.decrypt(
      {
        name: 'AES-GCM',
        iv: bytes.subarray(0, IV_BYTES),
        additionalData: encoder.encode(purpose),
      },
      await importKey(key.secret),
      bytes.subarray(IV_BYTES),
    )
    return ok(JSON.parse(decoder.decode(plain)) as Value)
  } catch {
    // AES-GCM gives one undifferentiated failure; so do we (no oracle).
    return fail({ reason: 'tampered' })
  }
}

/**
 * Derives the keys of one holder from master secrets (HKDF-SHA-256, RFC 5869;
 * info = `label`), so that a server never holds a secret of another.
 *
 * The first secret whose `from` has come seals; all whose `until` has not passed
 * open. Both are seconds since the epoch and may be left out. They are judged here,
 * so a key that is kept longer than its isolate lives needs no other clock.
 *
 * @param masterSecrets `kid:base64url[:from-until][,…]`, newest first, ≥ 32 bytes each
 * @throws TypeError when the configured text has another form
 */
export async function deriveSealKeys(
  masterSecrets: string,
  label: string,
  nowSeconds = Date.now() / 1000,
): Promise<SealKeys> {
  const secrets = masterSecrets.split(',').map(parseSecret)
  const counting = secrets.filter(({ until }) => until > nowSeconds)
  const current = counting.find(({ from }) => from <= nowSeconds)
  if (!current) throw new TypeError('SEAL_SECRETS names no key that counts now')
  const others = counting.filter((secret) => secret !== current)
  return [
    await derive(current, label),
    ...(await Promise.all(others.map((one) => derive(one, label)))),
  ]
}

interface MasterSecret {
  readonly kid: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly from: number
  readonly until: number
}

const SECRET = /^([a-z0-9]{1,16}):([\w-]+)(?::(\d*)-(\d*))?$/
const SECRET_MIN_BYTES = 32

function parseSecret(part: string): MasterSecret {
  const [, kid, encoded = '', from, until] = SECRET.exec(part.trim()) ?? []
  const bytes = tryFromBase64Url(encoded)
  if (!kid || !bytes || bytes.byteLength < SECRET_MIN_BYTES) {
    throw new TypeError(
      `Seal secrets must be "kid:base64url[:from-until][,…]" with at least ${SECRET_MIN_BYTES} bytes each`,
    )
  }
  return { kid, bytes, from: Number(from || 0), until: Number(until || Infinity) }
}

async function derive({ kid, bytes }: MasterSecret, label: string): Promise<SealKey> {
  const master = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveBits'])
  const info = encoder.encode(`mcp-edge/${label}`)
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info }
  const bits = await crypto.subtle.deriveBits(derivation, master, 256)
  return { kid, secret: toBase64Url(new Uint8Array(bits)) }
}
