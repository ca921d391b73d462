/**
 * Typed entrypoints between Workers. No Worker imports another Worker, not even
 * a type (two ambient `Env`s do not fit one program): they meet here, and the
 * one cast per binding is in this file.
 */
import type { CatalogIndex, ServerDescription, ServerEntry } from './catalog/entry.ts'
import type { Principal } from './auth/principal.ts'
import type { Result } from './result.ts'

type Rpc<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Answer
    ? (...args: Args) => Promise<Awaited<Answer>>
    : never
}

// ── durable-objects: Catalog ──────────────────────────────────────────────────

/** Single writer of what is published. One object, name `catalog`. */
export interface Catalog {
  /**
   * The newest index, or the one of `version`; `null` when that version was never
   * made. A version superseded and since forgotten answers with the newest.
   */
  index(version?: number): CatalogIndex | null
  entry(name: string, digest: string): ServerEntry | null
  /**
   * Records what a server says of itself. A new name takes its policy file (or
   * the default); a known one keeps the operator's. Answers the index in force.
   * Unchanged definitions change nothing, and a refused description neither.
   */
  publish(
    name: string,
    description: ServerDescription,
  ): Promise<Result<CatalogIndex, PublishFailure>>
}

/** Why a description was not taken; `detail` is for logs and operators, never for callers. */
export interface PublishFailure {
  reason: 'bad_name' | 'invalid' | 'digest_mismatch' | 'too_large' | 'too_many_servers'
  detail: string
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

// ── durable-objects: Session (2025 era, exists only while a question is open) ──

/** One JSON-RPC message for the client, in the 2025-11-25 wire form, as JSON text. */
export type SessionEvent = string

/** A tool call of a 2025 client that waits for the client's answers. */
export interface PendingCall {
  server: string
  principal: Principal
  /** The client's JSON-RPC id of the original request. */
  requestId: string | number
  /** Params of the 2026-07-28 request to repeat, without inputResponses and requestState. */
  params: Record<string, unknown>
  method: string
  name: string
}

/** One round of questions. `questions` maps the JSON-RPC id sent to the client → inputRequests key. */
export interface OpenRound {
  runId: string
  call: PendingCall
  requestState: string | undefined
  questions: Record<string, string>
}

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

/** One object per session, name = `sessionObjectName()`; deletes itself by alarm. */
export interface Session {
  /** Stores a round before its questions are shown. */
  ask(round: OpenRound): void
  /** Compare-and-set: of all invocations that see the last answer, exactly one gets `claimed`. */
  answer(questionId: string, response: unknown): AnswerOutcome
  /** Hands an event to whoever holds the run's stream, and keeps it until then. */
  emit(runId: string, events: SessionEvent[], done: boolean): void
}
/** `fetch` with `Upgrade: websocket` on this path + runId attaches the holder of the client's stream. */
export const SESSION_ATTACH_PATH = '/attach/'

export const sessionObjectName = (tenant: string, subject: string, sessionId: string): string =>
  JSON.stringify([tenant, subject, sessionId])

// ── durable-objects: GrantStore (what workers-oauth-provider keeps) ───────────

export interface StoredValue {
  value: string
  /** Goes up with every write; pass it back to `put` for compare-and-set. */
  revision: number
  metadata: unknown
}
export interface PutOptions {
  expiresAtSeconds?: number
  metadata?: unknown
  /** Write only if the stored revision is this one (0 = must not exist). Absent = write anyway. */
  ifRevision?: number
}
/** One object per shard of the oauth Worker's keyspace; expired rows go by alarm. */
export interface GrantStore {
  get(key: string): StoredValue | null
  /** `false`: another writer was first; nothing was written. */
  put(key: string, value: string, options: PutOptions): boolean | Promise<boolean>
  /** `false`: there was nothing to delete (which is how single use is decided). */
  delete(key: string): boolean | Promise<boolean>
  list(
    prefix: string,
    limit: number,
    cursor?: string,
  ): {
    keys: { name: string; metadata: unknown; expiresAtSeconds?: number }[]
    cursor?: string
  }
}

// ── oauth ─────────────────────────────────────────────────────────────────────

export interface OAuth {
  /** Public keys of access tokens (RFC 7517); overlap covers the longest token lifetime. */
  jwks(): { keys: JsonWebKey[] }
}

// ── the one cast per binding ──────────────────────────────────────────────────

/** A stub of the one object or the named object behind a Durable Object binding. */
function stubOf<Methods>(namespace: DurableObjectNamespace, name: string) {
  return namespace.getByName(name) as unknown as Rpc<Methods> & Pick<Fetcher, 'fetch'>
}

export const catalogOf = (binding: DurableObjectNamespace) => stubOf<Catalog>(binding, 'catalog')
export const feedOf = (binding: DurableObjectNamespace) => stubOf<Feed>(binding, 'feed')
export const sessionOf = (binding: DurableObjectNamespace, name: string) =>
  stubOf<Session>(binding, name)
export const grantStoreOf = (binding: DurableObjectNamespace, shard: string) =>
  stubOf<GrantStore>(binding, shard)
export const oauthOf = (binding: Fetcher) =>
  binding as unknown as Rpc<OAuth> & Pick<Fetcher, 'fetch'>
