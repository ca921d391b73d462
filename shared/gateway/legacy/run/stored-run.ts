/**
 * A run whose events go to the Session: one that was claimed by an answer, or one
 * whose client left its stream. Every bound of what may be stored is kept here.
 */
import type { PendingCall } from '../../../contracts/entrypoints.ts'
import type { LegacyInput } from '../input.ts'
import { STORED_TEXT_MAX_BYTES } from '../../../contracts/session-limits.ts'
import { failureJson } from './pending-call.ts'
import { byteLength, sessionStub } from './questions.ts'
import type { LegacySession } from '../session-id.ts'

const TOO_LARGE =
  'The result is too large to be delivered after a question or a lost connection; ask for less, or in parts'

export class StoredRun {
  readonly #input: LegacyInput
  readonly #session: LegacySession
  readonly #runId: string
  readonly #call: PendingCall

  constructor(input: LegacyInput, session: LegacySession, runId: string, call: PendingCall) {
    this.#input = input
    this.#session = session
    this.#runId = runId
    this.#call = call
  }

  /** @returns `false`: the run has ended meanwhile, as {@link isWanted} */
  async notify(text: string): Promise<boolean> {
    // Too large to keep, and only a notification: the answer matters more.
    if (byteLength(text) > STORED_TEXT_MAX_BYTES) return true
    return this.#emit([text], false)
  }

  /** Whether anybody still waits for the answer. */
  isWanted(): Promise<boolean> {
    return this.#emit([], false)
  }

  async end(finalText: string, before: string[] = []): Promise<void> {
    const fits = byteLength(finalText) <= STORED_TEXT_MAX_BYTES
    const text = fits ? finalText : failureJson(this.#call, TOO_LARGE)
    await this.#emit([...before, text], true)
  }

  #emit(events: string[], done: boolean): Promise<boolean> {
    return sessionStub(this.#input, this.#session).emit(this.#runId, events, done)
  }
}
