/**
 * The entrypoint of a 2025-11-25 session's object, which exists only while something
 * of the session must survive. Part of entrypoints.ts.
 */

/** One JSON-RPC message for the client, in the 2025-11-25 wire form, as JSON text. */
export type SessionEvent = string

/** The last event of a run that ends without an answer: its client cancelled it. */
export const NO_ANSWER: SessionEvent = ''

/** A call of a 2025 client that waits for the client's answers. Who may answer stands in the object's name. */
export interface PendingCall {
  /** The client's JSON-RPC id of the original request. */
  requestId: string | number
  method: string
  name: string
  /** Params of the 2026-07-28 request to repeat, `_meta` included, without inputResponses and requestState. */
  params: Record<string, unknown>
}

/** One round of questions. `questions` maps the JSON-RPC id sent to the client → inputRequests key. */
export interface OpenRound {
  runId: string
  call: PendingCall
  requestState: string | undefined
  questions: Record<string, string>
  /** The questions as the client gets them: kept with the round, so that neither is there alone. */
  events: SessionEvent[]
  /** With the first round: what the client was shown before it. */
  shown?: SessionFrame[]
}

/** A run whose client left its stream: from now on its events go to the Session. */
export interface KeptRun {
  runId: string
  /** Its params may be left out: no round can be repeated from here. */
  call: PendingCall
  /** What was said on the stream so far, as far as it is remembered; also the answer, if it is there. */
  frames: SessionFrame[]
}

export type AskOutcome =
  | 'asked'
  /** The session has as many open runs as it may. */
  | 'too_many'
  /** The run ended while its next round was being made. */
  | 'gone'

/** What the client's JSON-RPC response carried. */
export type ClientAnswer =
  { result: Record<string, unknown> } | { error: { code: number; message: string } }

export type AnswerOutcome =
  /** No such open question (never asked, answered already, or expired). */
  | { status: 'unknown' }
  /** Stored; other questions of the round are still open. */
  | { status: 'waiting' }
  /** All answered, and this caller (nobody else, ever) continues the run. */
  | {
      status: 'claimed'
      runId: string
      call: PendingCall
      requestState: string | undefined
      inputResponses: Record<string, unknown>
    }
  /** The client could not ask: this caller (nobody else, ever) ends the run. */
  | {
      status: 'failed'
      runId: string
      call: PendingCall
      message: string
      /** Ids of questions of the same round that need no answer any longer. */
      withdrawn: string[]
    }

/** One object per session, name = `sessionObjectName()`; deletes itself by alarm. */
export interface Session {
  /** Stores a round before its questions are shown, and hands them to whoever holds the stream. */
  ask(round: OpenRound): AskOutcome
  /** Compare-and-set: of all invocations that see the last answer, exactly one gets `claimed`. */
  answer(questionId: string, answer: ClientAnswer): AnswerOutcome
  /**
   * Hands events to whoever holds the run's stream, and keeps them for it.
   * @param done the last event is the answer to the call
   * @returns `false`: the run has ended meanwhile, nothing more is wanted
   */
  emit(runId: string, events: SessionEvent[], done: boolean): boolean
  /**
   * Takes over a run whose client is gone; ends it with an error if no answer follows.
   * @returns `false`: the session has as many open runs as it may
   */
  keep(run: KeptRun): boolean
  /**
   * The client cancelled a request: ends its runs without an answer and takes open
   * questions back. One it does not hold is remembered for whoever runs it to ask.
   */
  cancel(requestId: string | number): void
  /** Whether {@link cancel} was told of a request lately. Stores nothing. */
  isCancelled(requestId: string | number): boolean
}

/**
 * `fetch` with `Upgrade: websocket` on this path + runId attaches the holder of
 * the client's stream; `?after=<seq>` skips what it already has. One holder a
 * run: a newer one closes the older with `SESSION_REPLACED_CODE`.
 */
export const SESSION_ATTACH_PATH = '/attach/'
export const SESSION_REPLACED_CODE = 4001

/** What the attached socket receives, as JSON text. `seq` grows within a run's stream. */
export interface SessionFrame {
  seq: number
  event: SessionEvent
  /** The answer to the call: nothing follows. */
  done: boolean
}

export const sessionObjectName = (tenant: string, subject: string, sessionId: string): string =>
  JSON.stringify([tenant, subject, sessionId])
