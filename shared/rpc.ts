/**
 * Typed entrypoints between Workers. No Worker imports another Worker, not even
 * a type (two ambient `Env`s do not fit one program): they meet here, and the
 * one cast per binding is in this file.
 */
import type { BoundFailure } from './platform/run-store.ts'
import type { Catalog } from './catalog/contract.ts'
import type { CatalogSearch } from './catalog/search-contract.ts'
import type { Usage } from './catalog/usage.ts'
import { hubObjectName, type Hub, type Subscriptions } from './hub/contract.ts'
import type { Result } from './result.ts'
import {
  connectionObjectName,
  type ApiKeys,
  type ConnectionFailure,
  type ConnectionOwner,
  type ConnectionRequest,
  type Connections,
  type GrantStore,
  type OAuth,
  type Replay,
} from './rpc-identity.ts'
import type { Task } from './rpc-tasks.ts'

export type { Catalog } from './catalog/contract.ts'
export * from './hub/contract.ts'
export * from './rpc-identity.ts'

export type Rpc<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Answer
    ? (...args: Args) => Promise<Awaited<Answer>>
    : never
}

// ── durable-objects: Feed ─────────────────────────────────────────────────────

/** What every isolate must learn within seconds. Read through the colo cache. */
export interface FeedState {
  /** When the object answered, by its own clock; a reader's age of the feed counts from here. */
  stampMs: number
  catalogVersion: number
  /** Grant ids whose access tokens no longer count. */
  revokedGrants: string[]
  /** Ids of 2025-era sessions that were deleted. */
  deletedSessions: string[]
}

/** One object, name `feed`. Entries drop out when nothing they forbid can still be valid. */
export interface Feed {
  read(): FeedState
  announceCatalog(version: number): void
  revokeGrant(grantId: string, untilSeconds: number): void
  deleteSession(sessionId: string, untilSeconds: number): void
}

// ── durable-objects: Session (2025 era, exists only while something of it must survive) ──

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

// ── durable-objects: Platform (what a server Worker may use, binding PLATFORM) ─

/** A run of a tool, across its rounds and attempts. */
export interface RunRef {
  /** Random, 128 bits. */
  readonly id: string
  /** How long it is remembered from now on. */
  readonly keptSeconds: number
}

export interface PlatformFailure {
  reason:
    /** The capability is forged, of another deployment, or expired. */
    | 'refused'
    /** No such handle or attachment of this principal at this server, or it expired. */
    | 'unknown'
    /** Over a bound of platform/limits.ts. */
    | BoundFailure['reason']
}

/** As shared/tool/platform.ts has them; what a server sends is checked again. */
export type NotifiedChange = 'tools' | 'prompts' | 'resources' | { readonly resource: string }
export type NotifiedTo = 'caller' | 'tenant' | 'everyone'

/**
 * Named entrypoint of the objects Worker. Whose things are meant is said by the
 * request capability alone (`shared/auth/capability.ts`), the first argument of
 * every method.
 */
export interface Platform {
  /** Compare-and-set: `false` once this round of the run, or a later one, was claimed. */
  claimRun(
    capability: string,
    run: RunRef,
    round: number,
  ): Promise<Result<boolean, PlatformFailure>>
  /** The round ended in a further question. */
  releaseRun(capability: string, run: RunRef, round: number): Promise<Result<void, PlatformFailure>>
  /** The recorded result of a step, JSON text; `undefined`: none is. */
  recordedStep(
    capability: string,
    run: RunRef,
    key: string,
  ): Promise<Result<string | undefined, PlatformFailure>>
  /** Records a result unless there is one; answers the one that counts. */
  recordStep(
    capability: string,
    run: RunRef,
    key: string,
    json: string,
  ): Promise<Result<string, PlatformFailure>>
  /** A new handle, 128 random bits. */
  createState(capability: string): Promise<Result<string, PlatformFailure>>
  /** Whether the caller has linked an account at the service. */
  connection(capability: string, service: string): Promise<Result<void, ConnectionFailure>>
  /** One request there as that account; nothing of its token comes back. */
  connectionFetch(
    capability: string,
    service: string,
    request: ConnectionRequest,
  ): Promise<Result<Response, ConnectionFailure>>
  useState(
    capability: string,
    handle: string,
    operation: StateOperation,
  ): Promise<Result<StateAnswer, PlatformFailure>>
  /** Tells who listens to the capability's server. */
  notify(
    capability: string,
    change: NotifiedChange,
    to: NotifiedTo,
  ): Promise<Result<void, PlatformFailure>>
  attach(
    capability: string,
    name: string,
    type: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
  ): Promise<Result<Attached, PlatformFailure>>
  /** `contents` of the attachment the capability (of `resources/read`) names, as JSON text. */
  readAttachment(capability: string): Promise<Result<ReadableStream<Uint8Array>, PlatformFailure>>
}

/** What is done behind a handle. */
export type StateOperation =
  /** Is there such a handle? */
  | { kind: 'open' }
  | { kind: 'get' | 'delete'; key: string }
  | { kind: 'list' }
  /** Writes only if the stored version is this one (0 = must not exist). Absent = anyway. */
  | { kind: 'put'; key: string; json: string; ifVersion?: number }

export interface StateAnswer {
  /** Of `get` and `list`; `version` goes up with every write. */
  entries: { key: string; json: string; version: number }[]
  /** Of `put` and `delete`: whether anything changed. */
  written: boolean
}

/** One object per handle, name = `ownedName()`; deletes itself by alarm. */
export interface State {
  create(): void
  use(operation: StateOperation): Result<StateAnswer, PlatformFailure>
}

/** What `attach` stored. */
export interface Attached {
  readonly uri: string
  readonly sizeBytes: number
}

/** One object per attachment, name = `ownedName()`; deletes the body and itself by alarm. */
export interface Attachment {
  /** @param key of the body, which is stored next */
  keep(key: string, keptMs: number): void
  drop(): Promise<void>
}

/** One object per run, name = `ownedName()` (platform/calls.ts); deletes itself by alarm. */
export interface Run {
  claim(round: number, keptMs: number): boolean
  release(round: number): void
  step(key: string): string | undefined
  record(key: string, json: string, keptMs: number): Result<string, BoundFailure>
}

// ── the one cast per binding ──────────────────────────────────────────────────

/** A stub of the one object or the named object behind a Durable Object binding. */
function stubOf<Methods>(namespace: DurableObjectNamespace, name: string) {
  return namespace.getByName(name) as unknown as Rpc<Methods> & Pick<Fetcher, 'fetch'>
}

export const catalogOf = (binding: DurableObjectNamespace) => stubOf<Catalog>(binding, 'catalog')
export const searchOf = (binding: Fetcher) => binding as unknown as Rpc<CatalogSearch>
export const usageOf = (binding: DurableObjectNamespace, server: string) =>
  stubOf<Usage>(binding, server)
export const feedOf = (binding: DurableObjectNamespace) => stubOf<Feed>(binding, 'feed')
export const sessionOf = (binding: DurableObjectNamespace, name: string) =>
  stubOf<Session>(binding, name)
export const hubOf = (binding: DurableObjectNamespace, server: string, shard: number) =>
  stubOf<Hub>(binding, hubObjectName(server, shard))
export const subscriptionsOf = (binding: DurableObjectNamespace, name: string) =>
  stubOf<Subscriptions>(binding, name)
export const grantStoreOf = (binding: DurableObjectNamespace, shard: string) =>
  stubOf<GrantStore>(binding, shard)
export const apiKeysOf = (binding: DurableObjectNamespace) => stubOf<ApiKeys>(binding, 'api-keys')
export const connectionOf = (binding: DurableObjectNamespace, owner: ConnectionOwner) =>
  stubOf<Connections>(binding, connectionObjectName(owner))
export const replayOf = (binding: DurableObjectNamespace, jkt: string) =>
  stubOf<Replay>(binding, jkt)
export const runOf = (binding: DurableObjectNamespace, name: string) => stubOf<Run>(binding, name)
export const stateOf = (binding: DurableObjectNamespace, name: string) =>
  stubOf<State>(binding, name)
export const attachmentOf = (binding: DurableObjectNamespace, name: string) =>
  stubOf<Attachment>(binding, name)
export const platformOf = (binding: Fetcher) => binding as unknown as Rpc<Platform>
export const oauthOf = (binding: Fetcher) =>
  binding as unknown as Rpc<OAuth> & Pick<Fetcher, 'fetch'>
export const taskOf = (binding: DurableObjectNamespace, name: string) => stubOf<Task>(binding, name)
