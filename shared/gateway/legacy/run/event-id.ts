/**
 * Ids of events on a 2025 client's streams (2025-11-25 basic/transports
 * "Resumability"): which stream, which event of it, and which request it answers,
 * so that a stream nobody remembers can still be ended with an error of that request.
 *
 * Does NOT authorise: an id counts within the session it is presented with, and
 * names nothing there that the session's owner was not shown.
 */
import { fromBase64Url, toBase64Url } from '../../../lib/base64url.ts'
import { isRequestId } from '../../../protocol/jsonrpc.ts'
import type { RequestId } from '../../../protocol/request-id.ts'
import { RESUMABLE_REQUEST_ID_MAX_CHARS } from '../limits.ts'

export interface EventPoint {
  readonly runId: string
  /** 0: the priming event, before anything was said. */
  readonly seq: number
  readonly requestId: RequestId
  /** It was the last event of its stream. */
  readonly done: boolean
}

/** A run of a task names the task first (task-mark.ts). */
const FORM =
  /^([A-Za-z0-9_-]{22}(?:~[A-Za-z0-9_-]{22})?)\.(0|[1-9]\d{0,9})\.([A-Za-z0-9_-]{1,1024})(\.end)?$/

/** The part of a stream's event ids that names its request; `undefined` when the id is too long for one. */
export function requestPart(requestId: RequestId): string | undefined {
  const json = JSON.stringify(requestId)
  return json.length > RESUMABLE_REQUEST_ID_MAX_CHARS
    ? undefined
    : toBase64Url(new TextEncoder().encode(json))
}

export const eventId = (runId: string, seq: number, request: string, done: boolean): string =>
  `${runId}.${seq}.${request}${done ? '.end' : ''}`

/** @returns `undefined` for text that is no id of ours */
export function parseEventId(text: string): EventPoint | undefined {
  const [, runId = '', seq = '', request = '', end] = FORM.exec(text) ?? []
  const requestId = requestOf(request)
  return requestId === undefined
    ? undefined
    : { runId, seq: Number(seq), requestId, done: end !== undefined }
}

function requestOf(part: string): RequestId | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(fromBase64Url(part)))
    return isRequestId(value) ? value : undefined
  } catch {
    return undefined
  }
}
