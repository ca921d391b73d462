/**
 * The Catalog's own key, which signs every index that goes to KV
 * (shared/catalog/readers/index-seal.ts). Made at the first index, kept in this object's storage,
 * told to nobody: the feed carries the public half. A new key counts with the next index,
 * so there is no overlap.
 */
import { toBase64Url } from '#shared/lib/base64url.ts'
import { signIndex } from '#shared/catalog/readers/index-seal.ts'
import type { IndexSeal } from '#shared/contracts/feed.ts'
import { INDEX_KEY_MAX_AGE_MS } from '../limits.ts'

/** Storage key of {@link Stored}. */
const KEY = 'index_key'
const ALGORITHM = { name: 'Ed25519' } as const

interface Stored {
  readonly privateJwk: JsonWebKey
  /** 32 bytes as base64url. */
  readonly publicKey: string
  readonly madeMs: number
}

interface Loaded {
  readonly publicKey: string
  readonly privateKey: CryptoKey
}

export class CatalogKey {
  readonly #storage: DurableObjectStorage
  #loaded: Promise<Loaded> | undefined

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  async seal(version: number, text: string): Promise<IndexSeal> {
    const { publicKey, privateKey } = await (this.#loaded ??= this.#load())
    return { key: publicKey, signature: await signIndex(privateKey, version, text) }
  }

  /** Call before a version is signed that the feed has not taken yet: a signature in force must stay. */
  renewIfOld(): void {
    const stored = this.#storage.kv.get<Stored>(KEY)
    if (stored && Date.now() - stored.madeMs > INDEX_KEY_MAX_AGE_MS) this.replace()
  }

  /** What the old key signed counts no more as soon as the feed carries the next index. */
  replace(): void {
    this.#storage.kv.delete(KEY)
    this.#loaded = undefined
  }

  async #load(): Promise<Loaded> {
    const stored = this.#storage.kv.get<Stored>(KEY) ?? (await this.#make())
    const { privateJwk, publicKey } = stored
    const privateKey = await crypto.subtle.importKey('jwk', privateJwk, ALGORITHM, false, ['sign'])
    return { publicKey, privateKey }
  }

  async #make(): Promise<Stored> {
    const pair = (await crypto.subtle.generateKey(ALGORITHM, true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const [privateJwk, raw] = await Promise.all([
      crypto.subtle.exportKey('jwk', pair.privateKey),
      crypto.subtle.exportKey('raw', pair.publicKey),
    ])
    const publicKey = toBase64Url(new Uint8Array(raw as ArrayBuffer))
    const made = { privateJwk: privateJwk as JsonWebKey, publicKey, madeMs: Date.now() }
    this.#storage.kv.put(KEY, made)
    return made
  }
}
