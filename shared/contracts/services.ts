/**
 * What a server Worker may use of the objects Worker (binding PLATFORM), and the
 * objects behind it: runs, handles, attachments. Part of entrypoints.ts.
 */
import type { Result } from '../lib/result.ts'
import type { ConnectionFailure, ConnectionRequest } from './identity.ts'

/** A run of a tool, across its rounds and attempts. */
export interface RunRef {
  /** Random, 128 bits. */
  readonly id: string
  /** How long it is remembered from now on. */
  readonly keptSeconds: number
}

/** What a run or a handle was asked to keep is over a bound of services/limits.ts. */
export type BoundFailure = { reason: 'too_large' | 'too_many' }

export interface PlatformFailure {
  reason:
    /** The capability is forged, of another deployment, or expired. */
    | 'refused'
    /** No such handle or attachment of this principal at this server, or it expired. */
    | 'unknown'
    /** Over a bound of platform/limits.ts. */
    | BoundFailure['reason']
}

/** As shared/engine/author/platform.ts has them; what a server sends is checked again. */
export type NotifiedChange = 'tools' | 'prompts' | 'resources' | { readonly resource: string }
export type NotifiedTo = 'caller' | 'tenant' | 'everyone'

/**
 * Named entrypoint of the objects Worker. Whose things are meant is said by the
 * request capability alone (`shared/identity/capability.ts`), the first argument of
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
