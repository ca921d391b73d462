/**
 * What is said on one stream of a session: each event numbered, and the last of
 * them remembered while the stream lives, so that they can be stored for a client
 * that loses it. A stream that cannot be resumed carries no ids.
 */
import type { RequestId } from '../../../protocol/request-id.ts'
import { sseMessage } from '../../../protocol/revisions/2026-07-28/sse.ts'
import { sseEvent, ssePriming } from '../../../protocol/revisions/2025-11-25/sse.ts'
import { randomId } from '../../../lib/random-id.ts'
import { NO_ANSWER, type SessionFrame } from '../../../contracts/entrypoints.ts'
import { eventId, requestPart } from './event-id.ts'
import { STREAM_KEPT_MAX_CHARS } from '../limits.ts'
import { isTaskMark } from './task-mark.ts'

export class StreamLog {
  readonly runId: string
  readonly #request: string | undefined
  #seq = 0
  #frames: SessionFrame[] = []
  #chars = 0

  /** @param resumable whether the client can come back for what it missed */
  constructor(requestId: RequestId, resumable: boolean, runId = randomId()) {
    this.runId = runId
    this.#request = resumable ? requestPart(requestId) : undefined
  }

  get isResumable(): boolean {
    return this.#request !== undefined
  }

  /** The number of the last event. */
  get seq(): number {
    return this.#seq
  }

  /** As far as they are remembered: reports may be missing at the start, an answer never is. */
  get frames(): SessionFrame[] {
    return this.#frames
  }

  /** An event without data: gives the client an id before anything is said (SEP-1699). */
  priming(): string {
    return this.#request === undefined ? '' : ssePriming(this.#id(0, this.#request, false))
  }

  /** Takes the next event. @returns it as SSE text */
  add(event: string, done: boolean): string {
    const frame = { seq: this.#seq + 1, event, done }
    if (this.isResumable) this.#remember(frame)
    return this.show(frame)
  }

  /** An event that is stored already, as SSE text. */
  show({ seq, event, done }: SessionFrame): string {
    this.#seq = seq
    if (event === NO_ANSWER || isTaskMark(event)) return ''
    return this.#request === undefined
      ? sseMessage(event)
      : sseEvent(this.#id(seq, this.#request, done), event)
  }

  #id(seq: number, request: string, done: boolean): string {
    return eventId(this.runId, seq, request, done)
  }

  #remember(frame: SessionFrame): void {
    this.#frames.push(frame)
    this.#chars += frame.event.length
    while (this.#chars > STREAM_KEPT_MAX_CHARS && this.#frames.length > 1) {
      this.#chars -= this.#frames.shift()?.event.length ?? 0
    }
  }
}
