/**
 * The gateway of a test: the real life of a call (`../../gateway/gateway.ts`) with every
 * port in memory, and one server behind it. Policy, scopes, aliases, limits, unknown
 * names and both eras answer as the router does.
 *
 * Does NOT sign people in: the test says who calls. Does NOT listen to the server: in a test
 * of one server no hub tells of changes.
 */
import { type CatalogIndex, type Policy, DEFAULT_POLICY } from '../../catalog/entry.ts'
import type { FeedView } from '../../catalog/readers/feed-reader.ts'
import type { Platform, Rpc } from '../../contracts/entrypoints.ts'
import type { Task } from '../../contracts/tasks.ts'
import { handleMcp } from '../../gateway/gateway.ts'
import type {
  CatalogPort,
  FeedStatus,
  Gateway,
  Limiter,
  ObjectStub,
  ServerHandle,
  ServerRecord,
} from '../../gateway/ports.ts'
import { runAttempt } from '../../gateway/tasks/attempt.ts'
import { createDpopNonces } from '../../identity/dpop-nonce.ts'
import { ANONYMOUS, type Principal } from '../../identity/principal.ts'
import type { Lifetime } from '../../lib/lifetime.ts'
import { ok } from '../../lib/result.ts'
import { capabilityKeys, memoryPlatform } from './memory-platform.ts'
import { memorySessions } from './memory-session.ts'
import { MemoryTask } from './memory-task.ts'
import { sealKeysOf, signingKey, TESTED_NAME, type TestedServer } from './tested-server.ts'
import { makeNonceSecret, nowSeconds } from './trust.ts'

const ORIGIN = 'https://test.invalid'
const GRANT = 'test-grant'

export interface TestedCaller {
  readonly tested: TestedServer
  readonly principal: Principal
  /** The Worker's bindings. */
  readonly env: object
  readonly policy?: Partial<Policy> | undefined
  readonly limiter?: Limiter | undefined
}

/** One client's way to the server; its sessions and tasks are kept between requests. */
export class MemoryGateway {
  readonly #caller: TestedCaller
  readonly #sessions = memorySessions()
  readonly #tasks = new Map<string, MemoryTask>()
  readonly #ended = new Set<string>()
  readonly #nonces = createDpopNonces(makeNonceSecret(), ORIGIN)

  constructor(caller: TestedCaller) {
    this.#caller = caller
  }

  /** @param request to any path; its signal is the client's connection */
  async send(request: Request): Promise<Response> {
    return handleMcp(request, TESTED_NAME, await this.#gateway(request.signal), LIFETIME)
  }

  async #gateway(signal: AbortSignal): Promise<Gateway> {
    const record = await this.#record(signal)
    const key = await signingKey()
    return {
      clock: { nowMs: () => Date.now() },
      publicOrigin: ORIGIN,
      issuer: ORIGIN,
      authenticator: { authenticate: () => Promise.resolve(ok({ caller: this.#verified() })) },
      dpopNonces: this.#nonces,
      catalog: this.#catalog(record),
      limiter: this.#caller.limiter ?? { admit: () => undefined },
      meter: { record: () => undefined },
      signingKey: key,
      sessions: this.#sessions,
      endSession: (id) => Promise.resolve(void this.#ended.add(id)),
      tasks: (name) => this.#task(name),
      claimProof: () => Promise.resolve(true),
      hubs: notHere('hub'),
      subscriptions: notHere('subscriptions'),
      services: memoryPlatform as unknown as Rpc<Platform>,
      sessionSealKeys: () => sealKeysOf('session'),
      capabilityKeys: () => capabilityKeys,
    }
  }

  #verified() {
    const { principal } = this.#caller
    const grant = principal.subject === ANONYMOUS.subject ? {} : { grantId: GRANT }
    return {
      server: TESTED_NAME,
      principal,
      ...grant,
      issuedAtSeconds: nowSeconds(),
      expiresAtSeconds: Infinity,
    }
  }

  async #record(signal: AbortSignal): Promise<ServerRecord> {
    const { tested, policy, env } = this.#caller
    const { digest } = tested.compiled.entry
    return {
      name: TESTED_NAME,
      policy: { ...DEFAULT_POLICY, ...policy },
      arm: { digest },
      isCanary: false,
      hasCanary: false,
      compiled: tested.compiled,
      handle: handleOf(tested, env, signal),
      seal: await sealKeysOf(`server/${TESTED_NAME}`),
      decisions: new Map(),
    }
  }

  #catalog(record: ServerRecord): CatalogPort {
    const view: FeedView = {
      stampMs: Date.now(),
      catalogVersion: 1,
      catalogSeal: undefined,
      lostBeforeSeconds: 0,
      revokedGrants: new Set(),
      deletedSessions: this.#ended,
    }
    const status: FeedStatus = { view, unreachable: false }
    const { arm, policy } = record
    const index: CatalogIndex = { version: 1, servers: { [TESTED_NAME]: { ...arm, policy } } }
    return {
      applyLocally: () => undefined,
      feed: () => Promise.resolve(status),
      index: () => Promise.resolve(index),
      server: (name) => Promise.resolve(name === TESTED_NAME ? record : undefined),
      redescribe: () => Promise.resolve(record),
      forget: () => undefined,
      checkRebuild: () => Promise.resolve(),
    }
  }

  #task(name: string): ObjectStub<Task> {
    let task = this.#tasks.get(name)
    if (!task) {
      task = new MemoryTask(async (run, signal) =>
        runAttempt(run, await this.#gateway(signal), LIFETIME, signal),
      )
      this.#tasks.set(name, task)
    }
    return asStub(task)
  }
}

/** What fails behind an answer is reported on its stream: nothing else listens here. */
const LIFETIME: Lifetime = { waitUntil: (work) => void work.catch(() => undefined) }

/** In production the runtime ends a call whose client went away; here its signal does. */
function handleOf(tested: TestedServer, env: object, left: AbortSignal): ServerHandle {
  const url = `https://${TESTED_NAME}.mcp.internal/mcp`
  const bindings = { PLATFORM: memoryPlatform, ...env } as unknown as Cloudflare.Env
  return {
    url,
    fetch: (init) => tested.worker.fetch(new Request(url, { signal: left, ...init }), bindings),
  }
}

/** Methods of an object in memory answer at once; over RPC they answer later. */
function asStub(task: MemoryTask): ObjectStub<Task> {
  return new Proxy(task, {
    get(target, name) {
      const method = target[name as keyof MemoryTask] as unknown
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) =>
        (method as (...a: unknown[]) => unknown).apply(target, args)
    },
  }) as unknown as ObjectStub<Task>
}

const notHere = (what: string) => (): never => {
  throw new Error(
    `The test client has no ${what}: what listens to a server is tested with npm run dev`,
  )
}
