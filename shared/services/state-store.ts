/**
 * What lies behind one handle: JSON texts under keys, each with a version for
 * compare-and-set. All synchronous: each method is one atomic step.
 *
 * Does NOT know whose handle it is, nor when it ends: its object does.
 */
import { fail, ok, type Result } from '../lib/result.ts'
import type { BoundFailure, StateAnswer, StateOperation } from '../contracts/services.ts'
import type { KeyValues } from './key-values.ts'
import {
  STATE_KEY_MAX_CHARS,
  STATE_KEYS_MAX,
  STATE_MAX_BYTES,
  STATE_VALUE_MAX_BYTES,
} from './limits.ts'

const META = 'meta'
const VALUE_PREFIX = 'value:'

interface Meta {
  readonly schema: 1
  /** Goes up with every write, so that a key that was deleted never has an old version again. */
  readonly version: number
  readonly keys: number
  readonly bytes: number
}
const NEW: Meta = { schema: 1, version: 0, keys: 0, bytes: 0 }

interface Stored {
  readonly json: string
  readonly version: number
}

const encoder = new TextEncoder()
const sizeOf = (key: string, json: string): number => encoder.encode(key + json).byteLength

export class StateStore {
  readonly #kv: KeyValues

  constructor(kv: KeyValues) {
    this.#kv = kv
  }

  apply(operation: StateOperation): Result<StateAnswer, BoundFailure> {
    switch (operation.kind) {
      case 'open':
        return ok({ entries: [], written: false })
      case 'get': {
        const { key } = operation
        const stored = this.#kv.get<Stored>(VALUE_PREFIX + key)
        return ok({ entries: stored ? [{ key, ...stored }] : [], written: false })
      }
      case 'list':
        return ok({ entries: [...this.#entries()], written: false })
      case 'delete':
        return ok({ entries: [], written: this.#delete(operation.key) })
      case 'put':
        return this.#put(operation)
    }
  }

  #put({
    key,
    json,
    ifVersion,
  }: Extract<StateOperation, { kind: 'put' }>): Result<StateAnswer, BoundFailure> {
    const current = this.#kv.get<Stored>(VALUE_PREFIX + key)
    if (ifVersion !== undefined && (current?.version ?? 0) !== ifVersion) {
      return ok({ entries: [], written: false })
    }
    const size = sizeOf(key, json)
    const meta = this.#meta()
    const bytes = meta.bytes + size - (current ? sizeOf(key, current.json) : 0)
    const keys = meta.keys + (current ? 0 : 1)
    if (key.length > STATE_KEY_MAX_CHARS || size > STATE_VALUE_MAX_BYTES) {
      return fail({ reason: 'too_large' })
    }
    if (bytes > STATE_MAX_BYTES) return fail({ reason: 'too_large' })
    if (keys > STATE_KEYS_MAX) return fail({ reason: 'too_many' })
    const version = meta.version + 1
    this.#kv.put<Stored>(VALUE_PREFIX + key, { json, version })
    this.#kv.put<Meta>(META, { ...meta, version, keys, bytes })
    return ok({ entries: [], written: true })
  }

  #delete(key: string): boolean {
    const current = this.#kv.get<Stored>(VALUE_PREFIX + key)
    if (!current) return false
    const meta = this.#meta()
    this.#kv.delete(VALUE_PREFIX + key)
    const bytes = meta.bytes - sizeOf(key, current.json)
    this.#kv.put<Meta>(META, { ...meta, keys: meta.keys - 1, bytes })
    return true
  }

  *#entries() {
    for (const [key, stored] of this.#kv.list<Stored>({ prefix: VALUE_PREFIX })) {
      yield { key: key.slice(VALUE_PREFIX.length), ...stored }
    }
  }

  #meta(): Meta {
    return this.#kv.get<Meta>(META) ?? NEW
  }
}
