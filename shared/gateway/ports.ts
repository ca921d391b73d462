/**
 * What the life of a call needs from outside: the ports of the gateway. The router
 * plugs in bindings of Workers; the authors' test client plugs in memory.
 *
 * Does NOT know any binding, variable or URL of the platform.
 */
import type { JWK } from 'jose'
import type { Arm, CatalogIndex, Policy } from '../catalog/entry.ts'
import type { LocalChange } from '../catalog/readers/feed-local.ts'
import type { FeedView } from '../catalog/readers/feed-reader.ts'
import type { CompiledServer } from '../catalog/list.ts'
import type {
  CredentialFailure,
  Hubs,
  Platform,
  Rpc,
  Session,
  Subscriptions,
} from '../contracts/entrypoints.ts'
import type { Task } from '../contracts/tasks.ts'
import type { VerifiedProof } from '../identity/dpop-proof.ts'
import type { VerifiedToken } from '../identity/access-token.ts'
import type { SigningKey } from '../identity/assertion.ts'
import type { DpopNonces } from '../identity/dpop-nonce.ts'
import type { Principal } from '../identity/principal.ts'
import type { SealKeys } from '../identity/seal.ts'
import type { Result } from '../lib/result.ts'
import type { Lifetime } from '../lib/lifetime.ts'
import type { Authenticator } from './authenticate/caller.ts'

// ── Upstream: one server ──────────────────────────────────────────────────────

export interface ServerHandle {
  /** Where `POST /mcp` goes. The host is a label on bindings, an address in the URL form. */
  readonly url: string
  /** Answers `undefined` when SERVERS does not know the name (a namespace says so only when asked). */
  fetch(init: RequestInit): Promise<Response | undefined>
}

// ── Catalog: the feed, the index and the servers ──────────────────────────────

/** All a request needs of its server. */
export interface ServerRecord {
  readonly name: string
  readonly policy: Policy
  /** Which revision this is, and which code runs it. */
  readonly arm: Arm
  readonly isCanary: boolean
  /** The server has a canary: other callers may see another revision. */
  readonly hasCanary: boolean
  readonly compiled: CompiledServer
  readonly handle: ServerHandle
  readonly seal: SealKeys
  /** How long clients may keep its lists; 0 in development, where each list looks for a rebuild. */
  readonly ttlMs?: number
  /** Decision headers by tool: the same text for every call of one tool. */
  readonly decisions: Map<string, string>
}

export interface FeedStatus {
  readonly view: FeedView
  /** Older than its bound, and the feed object does not answer. */
  readonly unreachable: boolean
}

/** Neither snapshot nor object answered: nothing can be decided. One place makes it a 503. */
export class CatalogUnavailable extends Error {
  override readonly name = 'CatalogUnavailable'
}

/** The catalog as one isolate sees it. */
export interface CatalogPort {
  /** What this isolate itself just told the feed, in force here at once. */
  applyLocally(change: LocalChange): void
  /** @param maxAgeMs wait rather than see an older feed; default: the bounds of the feed reader */
  feed(lifetime: Lifetime, maxAgeMs?: number): Promise<FeedStatus>
  /** @throws CatalogUnavailable */
  index(feed: FeedStatus, lifetime: Lifetime): Promise<CatalogIndex>
  /**
   * @returns `undefined` when there is no such server
   * @throws CatalogUnavailable
   */
  server(
    name: string,
    feed: FeedStatus,
    lifetime: Lifetime,
    principal?: Principal,
  ): Promise<ServerRecord | undefined>
  /** Asks the server anew what it is: a call was decided on other definitions than the server runs. */
  redescribe(
    name: string,
    lifetime: Lifetime,
    principal?: Principal,
    script?: 'canary',
  ): Promise<ServerRecord | undefined>
  /** The upstream said that it does not know the name. */
  forget(name: string): void
  /** Looks whether the server was rebuilt, behind the request where that may wait. */
  checkRebuild(
    server: Pick<ServerRecord, 'name' | 'arm'>,
    lifetime: Lifetime,
    everyMs?: number,
  ): Promise<void>
}

// ── Credentials ───────────────────────────────────────────────────────────────

export type Jwks = { keys: JWK[] }

export interface TokenKeys {
  /** Keys that may have signed `token`: an unknown `kid` refetches, at most once per JWKS_RETRY_MS. */
  for(token: string): Promise<Jwks>
  /** Whether the authorization server is to judge it; asked of after {@link for}. */
  isForeign(token: string): boolean
  /** Its judgement, for one server. */
  verifyForeign(token: string, server: string): Promise<Result<VerifiedToken, CredentialFailure>>
}

// ── Clock ─────────────────────────────────────────────────────────────────────

export interface Clock {
  nowMs(): number
}

// ── Limiter: how much a caller may call ───────────────────────────────────────

export interface LimitedCall {
  readonly principal: Principal
  readonly server: string
  readonly method: string
  /** Of the tool, prompt or resource. */
  readonly name?: string
  readonly requestChars: number
}

/** Over a limit. */
export interface OverLimit {
  readonly waitSeconds: number
  /** For the caller: which limit, and how long to wait. */
  readonly sentence: string
}

export interface Limiter {
  /** @returns `undefined` when the call may go on */
  admit(call: LimitedCall): OverLimit | undefined | Promise<OverLimit | undefined>
}

// ── Meter: how calls ended ────────────────────────────────────────────────────

/**
 * `tool_error`: the server told of a failure; `failed`: no usable answer, or the stream
 * broke off; `left`: the client went before the end; `denied`: policy, scopes or a replayed proof; `limited`: over a limit.
 */
export type CallOutcome = 'ok' | 'tool_error' | 'failed' | 'left' | 'denied' | 'limited'

export interface RecordedCall {
  readonly principal: Principal
  readonly server: string
  /** The revision that was asked, or would have been. */
  readonly arm: Arm
  readonly hasCanary: boolean
  readonly method: string
  /** Of the tool, prompt or resource. */
  readonly name?: string
  readonly outcome: CallOutcome
  /** The server was asked; `false`: the gateway answered. */
  readonly wasAsked: boolean
  /** Of the HTTP answer. */
  readonly status: number
  readonly requestChars: number
  /** Absent: not known without reading the answer. */
  readonly responseBytes?: number
  /** Until the answer, or the first byte of a stream. */
  readonly latencyMs: number
  /** Until the end of the answer. */
  readonly durationMs: number
}

export interface Meter {
  /** Never delays or fails a call. */
  record(call: RecordedCall, lifetime: Lifetime): void
}

// ── Objects: what must be remembered ──────────────────────────────────────────

/** A Durable Object, or what stands in for one: its methods, and `fetch` for its sockets. */
export type ObjectStub<Methods> = Rpc<Methods> & Pick<Fetcher, 'fetch'>

// ── all of them ───────────────────────────────────────────────────────────────

/** What one isolate builds once, and every call shares. */
export interface Gateway {
  readonly clock: Clock
  readonly publicOrigin: string
  readonly issuer: string
  /** The session side of the 2025 wire, by `sessionObjectName()`. */
  sessions(name: string): ObjectStub<Session>
  /** Deletes a 2025 session everywhere, until its id would have expired. */
  endSession(sessionId: string, untilSeconds: number): Promise<void>
  /** By `taskObjectName()`. */
  tasks(name: string): ObjectStub<Task>
  readonly hubs: Hubs
  /** What a 2025 session follows, by `sessionObjectName()`. */
  subscriptions(name: string): ObjectStub<Subscriptions>
  /** Uses a DPoP proof up, everywhere; `false`: it was used before (RFC 9449 §11.1). */
  claimProof(proof: VerifiedProof): Promise<boolean>
  /** What handlers use too; here for what the gateway answers in a server's place. */
  readonly services: Rpc<Platform>
  readonly authenticator: Authenticator
  readonly dpopNonces: DpopNonces
  readonly catalog: CatalogPort
  readonly limiter: Limiter
  readonly meter: Meter
  readonly signingKey: SigningKey
  /** Keys of 2025-era session ids. Derived at the first such request. */
  sessionSealKeys(): Promise<SealKeys>
  /** Keys of request capabilities. Derived at the first call that uses PLATFORM. */
  capabilityKeys(): Promise<SealKeys>
}
