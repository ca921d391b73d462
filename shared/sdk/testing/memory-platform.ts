/**
 * PLATFORM in memory, for tests of authors: the capability is checked and the
 * stores are those of the objects, kept in Maps. Does NOT expire or survive
 * anything; the objects are `durable-objects/services/run.ts`, `state.ts`.
 */
import { CAPABILITY_LABEL, mintCapability, type Capability } from '../../identity/capability.ts'
import { deriveSealKeys } from '../../identity/seal.ts'
import { contentsJson } from '../../services/attachment.ts'
import { byteStream, encoded } from '../../lib/byte-stream.ts'
import { PlatformCalls, type AttachmentBodies, type PlatformObjects } from '../../services/calls.ts'
import type { KeyValues } from '../../services/key-values.ts'
import { ATTACHMENT_MAX_BYTES } from '../../services/limits.ts'
import { RunStore } from '../../services/run-store.ts'
import { StateStore } from '../../services/state-store.ts'
import { fail } from '../../lib/result.ts'
import { linkedTo, type TestServices } from './memory-connections.ts'
import { makeSealSecrets, nowSeconds } from './trust.ts'

export const capabilityKeys = deriveSealKeys(makeSealSecrets(), CAPABILITY_LABEL)

export const capabilityFor = async (capability: Capability): Promise<string> =>
  mintCapability(await capabilityKeys, capability, nowSeconds())

/** One of each name, made when it is first asked for. */
function byName<Kept>(make: () => Kept): (name: string) => Kept {
  const kept = new Map<string, Kept>()
  return (name) => {
    const one = kept.get(name) ?? make()
    kept.set(name, one)
    return one
  }
}

interface MemoryBody {
  readonly type: string
  readonly bytes: Uint8Array
}

class MemoryBodies implements AttachmentBodies {
  readonly #bodies = new Map<string, MemoryBody>()

  async put(name: string, type: string, body: Uint8Array | ReadableStream<Uint8Array>) {
    const bytes = new Uint8Array(await new Response(body as BodyInit).arrayBuffer())
    if (bytes.byteLength > ATTACHMENT_MAX_BYTES) return undefined
    this.#bodies.set(name, { type, bytes })
    return bytes.byteLength
  }

  read(name: string, uri: string) {
    const stored = this.#bodies.get(name)
    if (!stored) return Promise.resolve(undefined)
    const body = byteStream(encoded(contentsJson({ uri, type: stored.type }, oneOf(stored.bytes))))
    return Promise.resolve(body)
  }
}

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

class MemoryState {
  readonly #store = new StateStore(new MemoryKeyValues())
  #exists = false

  create(): void {
    this.#exists = true
  }

  use(operation: Parameters<StateStore['apply']>[0]) {
    return this.#exists ? this.#store.apply(operation) : fail({ reason: 'unknown' })
  }
}

class MemoryKeyValues implements KeyValues {
  readonly #values = new Map<string, unknown>()

  get<Value>(key: string): Value | undefined {
    return this.#values.get(key) as Value | undefined
  }

  put<Value>(key: string, value: Value): void {
    this.#values.set(key, value)
  }

  delete(key: string): boolean {
    return this.#values.delete(key)
  }

  *list<Value>({ prefix = '' } = {}): Iterable<[string, Value]> {
    const keys = [...this.#values.keys()].filter((key) => key.startsWith(prefix)).sort()
    for (const key of keys) yield [key, this.#values.get(key) as Value]
  }
}

const bodies = new MemoryBodies()

/** What `env.PLATFORM` is: one for the process, so that two clients of a test share it. */
const objects = {
  run: byName(() => new RunStore(new MemoryKeyValues())),
  state: byName(() => new MemoryState()),
  // Nobody listens in a test of one server.
  publish: () => Promise.resolve(false),
  attachments: bodies,
  connections: linkedTo({}),
} as unknown as PlatformObjects
export const memoryPlatform = new PlatformCalls(capabilityKeys, objects)

/** The same, for a caller who has linked accounts. @param services answer as the services would */
export const memoryPlatformLinkedTo = (services: TestServices): PlatformCalls =>
  new PlatformCalls(capabilityKeys, { ...objects, connections: linkedTo(services) })
