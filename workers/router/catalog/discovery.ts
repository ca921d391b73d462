/**
 * Servers nobody registered: a well-formed name the index does not have is looked
 * up in SERVERS, and what answers there is published to the Catalog (DESIGN §2).
 * Bounded, because strangers choose the names: misses are remembered, one look at
 * a name at a time, few names at once.
 */
import type { SigningKey } from '#shared/identity/assertion.ts'
import type { CatalogIndex } from '#shared/catalog/entry.ts'
import { withTimeout, type Lifetime } from '#shared/lib/lifetime.ts'
import { createLruCache } from '#shared/lib/lru-cache.ts'
import { logEvent } from '#shared/lib/log.ts'
import { catalogOf } from '#shared/catalog/contract.ts'
import { describeServer } from './describe.ts'
import {
  DESCRIBE_CONCURRENCY,
  DESCRIBE_TIMEOUT_MS,
  UNKNOWN_SERVER_CACHE_ENTRIES,
  UNKNOWN_SERVER_TTL_MS,
} from '#shared/gateway/limits.ts'
import { codeOf, type Servers } from '../servers.ts'

export interface Discovery {
  /**
   * Describes and publishes `name`. `undefined`: SERVERS has no such server, or it was not accepted.
   *
   * @param script of a canary that runs beside the server
   */
  publish(name: string, lifetime: Lifetime, script?: 'canary'): Promise<CatalogIndex | undefined>
  /** SERVERS was asked for the name a moment ago and did not know it. */
  isKnownMiss(name: string, nowMs: number): boolean
  /** SERVERS has just said that it does not know the name. */
  remember(name: string, nowMs: number): void
}

export function createDiscovery(
  servers: Servers,
  catalog: DurableObjectNamespace,
  signingKey: SigningKey,
): Discovery {
  const missedAtMs = createLruCache<number>(UNKNOWN_SERVER_CACHE_ENTRIES)
  const running = new Map<string, Promise<CatalogIndex | undefined>>()

  async function describeAndPublish(
    name: string,
    script: 'canary' | undefined,
  ): Promise<CatalogIndex | undefined> {
    const missed = (): undefined => {
      // A canary that is not there is no news of the server.
      if (script === undefined) missedAtMs.set(name, Date.now())
    }
    const handle = codeOf(servers, name, script ? { script } : {})
    const description = handle && (await describeServer(handle, name, signingKey))
    if (!description) return missed()
    const published = await catalogOf(catalog).publish(name, description, script)
    if (published.ok) return published.value
    logEvent('publish_refused', { server: name, ...published.failure })
    return missed()
  }

  return {
    async publish(name, lifetime, script) {
      const key = `${name} ${script ?? ''}`
      let work = running.get(key)
      if (!work) {
        if (running.size >= DESCRIBE_CONCURRENCY) return undefined
        work = describeAndPublish(name, script).finally(() => running.delete(key))
        running.set(key, work)
        lifetime.waitUntil(work.catch(() => undefined))
      }
      try {
        return await withTimeout(work, DESCRIBE_TIMEOUT_MS)
      } finally {
        // Work whose request died never settles: after its time it is nobody's to wait for.
        if (running.get(key) === work) running.delete(key)
      }
    },
    isKnownMiss: (name, nowMs) =>
      nowMs - (missedAtMs.get(name) ?? -Infinity) < UNKNOWN_SERVER_TTL_MS,
    remember: (name, nowMs) => missedAtMs.set(name, nowMs),
  }
}
