/**
 * What a server may ask of PLATFORM, behind the check of its request capability:
 * the entrypoint of the objects Worker and the platform of authors' tests both
 * answer with this. The capability alone says whose things are meant; nothing a
 * server sends names another server, tenant or principal.
 */
import { openCapability, type Capability } from '../identity/capability.ts'
import type { SealKeys } from '../identity/seal.ts'
import type { Notice } from '../contracts/hub-publish.ts'
import { EVERYONE, LIST_KINDS, type Audience, type HubFrame } from '../contracts/hub-topics.ts'
import { logEvent } from '../lib/log.ts'
import { isObject } from '../protocol/jsonrpc.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import { isRandomId, randomId } from '../lib/random-id.ts'
import type {
  Attached,
  ConnectionFailure,
  ConnectionRequest,
  NotifiedChange,
  NotifiedTo,
  PlatformFailure,
  Rpc,
  Run,
  RunRef,
  State,
  StateOperation,
} from '../contracts/entrypoints.ts'
import type { ConnectionAccess } from './connections.ts'
import { attachmentIdOf, attachmentUri } from '../contracts/attachment-uri.ts'
import { NOTIFIED_URI_MAX_CHARS, RUN_KEPT_MAX_SECONDS } from './limits.ts'

/** Bodies of attachments, by the object name of the attachment. */
export interface AttachmentBodies {
  /** @returns the size in bytes, or `undefined` when it is over the bound; then nothing is kept */
  put(
    name: string,
    type: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
  ): Promise<number | undefined>
  /** @returns `contents` of a `resources/read` result, JSON text; `undefined`: there is none */
  read(name: string, uri: string): Promise<ReadableStream<Uint8Array> | undefined>
}

/** Where things are kept: object stubs by object name. */
export interface PlatformObjects {
  run(name: string): Rpc<Run>
  state(name: string): Rpc<State>
  readonly connections: ConnectionAccess
  /** Tells who listens to a server. */
  publish(server: string, notices: readonly Notice[]): Promise<unknown>
  readonly attachments: AttachmentBodies
}

/**
 * @returns whom the call acts for
 * @param keys derived of CAPABILITY_SECRETS
 */
export async function authorise(
  keys: Promise<SealKeys>,
  capability: string,
): Promise<Result<Capability, PlatformFailure>> {
  // What an RPC call carries is whatever its sender likes.
  if (typeof capability !== 'string') return fail({ reason: 'refused' })
  const opened = await openCapability(await keys, capability, Math.floor(Date.now() / 1000))
  if (opened.ok) return opened
  logEvent('capability_refused', { reason: opened.failure.reason })
  return fail({ reason: 'refused' })
}

/** Tenant, subject and server are part of every object's name (DESIGN §4.8). */
export const ownedName = ({ tenant, subject, server }: Capability, id: string): string =>
  JSON.stringify([tenant, subject, server, id])

export class PlatformCalls {
  readonly #keys: Promise<SealKeys>
  readonly #objects: PlatformObjects

  constructor(keys: Promise<SealKeys>, objects: PlatformObjects) {
    this.#keys = keys
    this.#objects = objects
  }

  async claimRun(capability: string, run: RunRef, round: number) {
    const asked = await this.#run(capability, run)
    return asked.ok ? ok(await asked.value.claim(round, keptMs(run))) : asked
  }

  async releaseRun(capability: string, run: RunRef, round: number) {
    const asked = await this.#run(capability, run)
    return asked.ok ? ok(await asked.value.release(round)) : asked
  }

  async recordedStep(capability: string, run: RunRef, key: string) {
    const asked = await this.#run(capability, run)
    return asked.ok ? ok(await asked.value.step(key)) : asked
  }

  async recordStep(capability: string, run: RunRef, key: string, json: string) {
    const asked = await this.#run(capability, run)
    return asked.ok ? asked.value.record(key, json, keptMs(run)) : asked
  }

  async createState(capability: string): Promise<Result<string, PlatformFailure>> {
    const allowed = await authorise(this.#keys, capability)
    if (!allowed.ok) return allowed
    const handle = randomId()
    await this.#objects.state(ownedName(allowed.value, handle)).create()
    return ok(handle)
  }

  async connection(capability: string, service: string): Promise<Result<void, ConnectionFailure>> {
    const allowed = await authorise(this.#keys, capability)
    if (!allowed.ok) return fail({ reason: 'refused' })
    return this.#objects.connections.check(allowed.value, String(service))
  }

  async connectionFetch(
    capability: string,
    service: string,
    request: ConnectionRequest,
  ): Promise<Result<Response, ConnectionFailure>> {
    const allowed = await authorise(this.#keys, capability)
    if (!allowed.ok || !isConnectionRequest(request)) return fail({ reason: 'refused' })
    return this.#objects.connections.fetch(allowed.value, String(service), request)
  }

  async useState(capability: string, handle: string, operation: StateOperation) {
    const allowed = await authorise(this.#keys, capability)
    if (!allowed.ok) return allowed
    // A model may send anything as a handle: what is none asks no object.
    if (!isRandomId(handle)) return fail<PlatformFailure>({ reason: 'unknown' })
    return this.#objects.state(ownedName(allowed.value, handle)).use(operation)
  }

  async notify(
    capability: string,
    change: NotifiedChange,
    to: NotifiedTo,
  ): Promise<Result<void, PlatformFailure>> {
    const allowed = await authorise(this.#keys, capability)
    if (!allowed.ok) return allowed
    const notice = noticeOf(change, to, allowed.value)
    if (!notice) return fail({ reason: 'refused' })
    await this.#objects.publish(allowed.value.server, [notice])
    return ok(undefined)
  }

  async attach(
    capability: string,
    name: string,
    type: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
  ): Promise<Result<Attached, PlatformFailure>> {
    const allowed = await authorise(this.#keys, capability)
    if (!allowed.ok) return allowed
    const id = randomId()
    const owned = ownedName(allowed.value, id)
    const sizeBytes = await this.#objects.attachments.put(owned, type, body)
    if (sizeBytes === undefined) return fail({ reason: 'too_large' })
    return ok({ uri: attachmentUri(id, name), sizeBytes })
  }

  async readAttachment(
    capability: string,
  ): Promise<Result<ReadableStream<Uint8Array>, PlatformFailure>> {
    const allowed = await authorise(this.#keys, capability)
    if (!allowed.ok) return allowed
    const { method, name: uri = '' } = allowed.value
    const id = attachmentIdOf(uri)
    if (method !== 'resources/read' || id === undefined) return fail({ reason: 'unknown' })
    const contents = await this.#objects.attachments.read(ownedName(allowed.value, id), uri)
    return contents ? ok(contents) : fail({ reason: 'unknown' })
  }

  async #run(capability: string, { id }: RunRef): Promise<Result<Rpc<Run>, PlatformFailure>> {
    const allowed = await authorise(this.#keys, capability)
    return allowed.ok ? ok(this.#objects.run(ownedName(allowed.value, id))) : allowed
  }
}

/** `undefined` for what is no change, or nobody to tell. */
function noticeOf(
  change: NotifiedChange,
  to: NotifiedTo,
  { tenant, subject }: Capability,
): Notice | undefined {
  const audiences: Record<NotifiedTo, Audience> = {
    caller: { to: 'principal', tenant, subject },
    tenant: { to: 'tenant', tenant },
    everyone: EVERYONE,
  }
  const audience = Object.hasOwn(audiences, to) ? audiences[to] : undefined
  const frame = frameOf(change)
  return audience && frame && { frame, audience }
}

function frameOf(change: unknown): HubFrame | undefined {
  const kind = LIST_KINDS.find((list) => list === change)
  if (kind) return { kind }
  const uri = isObject(change) ? change['resource'] : undefined
  if (typeof uri !== 'string' || uri.length > NOTIFIED_URI_MAX_CHARS) return undefined
  return { kind: 'resource', uri }
}

const keptMs = ({ keptSeconds }: RunRef): number =>
  Math.min(keptSeconds, RUN_KEPT_MAX_SECONDS) * 1000

/** What an RPC call carries is whatever its sender likes. */
function isConnectionRequest(request: unknown): request is ConnectionRequest {
  if (!isObject(request)) return false
  const { url, method, headers, body } = request
  const isHeader = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string')
  const isBody = body === undefined || typeof body === 'string' || body instanceof ArrayBuffer
  const isAddressed = typeof url === 'string' && typeof method === 'string'
  return isAddressed && Array.isArray(headers) && headers.every(isHeader) && isBody
}
