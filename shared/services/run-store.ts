/**
 * What is remembered of one run (DESIGN §4.6): in which round it was claimed, and
 * the recorded results of its steps. All synchronous: each method is one atomic step.
 *
 * Does NOT know whose run it is: its object's name says so.
 */
import { fail, ok, type Result } from '../lib/result.ts'
import type { BoundFailure } from '../contracts/services.ts'
import type { KeyValues } from './key-values.ts'
import { STEP_KEY_MAX_CHARS, STEP_RESULT_MAX_BYTES, STEPS_PER_RUN_MAX } from './limits.ts'

const META = 'meta'
const STEP_PREFIX = 'step:'

interface Meta {
  readonly schema: 1
  /** The latest round that was claimed; 0 = none. */
  readonly claimedRound: number
  readonly steps: number
}
const NEW: Meta = { schema: 1, claimedRound: 0, steps: 0 }

const encoder = new TextEncoder()

export class RunStore {
  readonly #kv: KeyValues

  constructor(kv: KeyValues) {
    this.#kv = kv
  }

  /** Compare-and-set: `false` once this round, or a later one, was claimed. */
  claim(round: number): boolean {
    const meta = this.#meta()
    if (meta.claimedRound >= round) return false
    this.#kv.put(META, { ...meta, claimedRound: round })
    return true
  }

  /** The round came to nothing but a further question: whoever lost its answer may ask again. */
  release(round: number): void {
    const meta = this.#meta()
    if (meta.claimedRound === round) this.#kv.put(META, { ...meta, claimedRound: 0 })
  }

  /** The recorded result, JSON text. */
  step(key: string): string | undefined {
    return this.#kv.get<string>(STEP_PREFIX + key)
  }

  /** Records a result unless there is one. @returns the one that counts */
  record(key: string, json: string): Result<string, BoundFailure> {
    const recorded = this.step(key)
    if (recorded !== undefined) return ok(recorded)
    if (key.length > STEP_KEY_MAX_CHARS) return fail({ reason: 'too_large' })
    if (encoder.encode(json).byteLength > STEP_RESULT_MAX_BYTES) {
      return fail({ reason: 'too_large' })
    }
    const meta = this.#meta()
    if (meta.steps >= STEPS_PER_RUN_MAX) return fail({ reason: 'too_many' })
    this.#kv.put(STEP_PREFIX + key, json)
    this.#kv.put(META, { ...meta, steps: meta.steps + 1 })
    return ok(json)
  }

  #meta(): Meta {
    return this.#kv.get<Meta>(META) ?? NEW
  }
}
