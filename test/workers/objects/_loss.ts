/** Objects and KV that lose what they held, and isolates that go on. */
import { createExecutionContext, evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, vi } from 'vitest'
import { isRevoked, isSessionOver } from '#shared/catalog/readers/feed-local.ts'
import { createFeedReader } from '#shared/catalog/readers/feed-reader.ts'
import { createSnapshotReader } from '#shared/catalog/readers/snapshot-reader.ts'
import type { CatalogObject } from '../../../durable-objects/catalog/catalog.ts'
import type { FeedObject } from '../../../durable-objects/feed/feed.ts'
import { describeTools } from './_descriptions.ts'
import { tell } from './_operator.ts'
import { settled } from './_settled.ts'
import { inside, theCatalog, theFeed } from './_stubs.ts'

export const kv = env.CATALOG_KV
export const START_MS = Date.now()
export const nowSeconds = () => Math.floor(Date.now() / 1000)
/** Nobody's token of before is of this second; the clock is that of objects and readers alike. */
export const laterBy = (seconds: number) => vi.setSystemTime(START_MS + seconds * 1000)

/** All that an object stored, as if its storage were gone. */
export async function lose(stub: ReturnType<typeof theCatalog> | ReturnType<typeof theFeed>) {
  await inside(stub, async (_: CatalogObject | FeedObject, { storage }) => {
    await storage.deleteAlarm()
    await storage.deleteAll()
  })
  await evictDurableObject(stub)
}

export async function loseKv() {
  const { keys } = await kv.list()
  for (const { name } of keys) await kv.delete(name)
}

let deployments = 0
/** One isolate, with what it keeps in memory. */
export function newIsolate() {
  const deployment = `https://isolate-${++deployments}.example`
  const feedReader = createFeedReader({ deployment, feed: theFeed })
  const snapshot = createSnapshotReader({ kv, catalog: theCatalog })
  const feed = async () => {
    // The clock stands still here, and what was read this very millisecond is new.
    vi.setSystemTime(Date.now() + 1)
    const read = await feedReader.read(createExecutionContext(), { maxAgeMs: 0 })
    return read.ok ? read.value : undefined
  }
  return {
    feed,
    /** @returns who is shown clock, by the newest feed: `off` = nobody */
    async shown() {
      const view = await feed()
      if (!view) return 'feed unreachable'
      const { catalogVersion, catalogSeal } = view
      const ctx = createExecutionContext()
      const read = await snapshot.index(catalogVersion, catalogSeal, ctx)
      if (!read.ok) return read.failure.reason
      return read.value.servers['clock']?.policy.visibility ?? 'not there'
    },
  }
}

export const publishClock = async (...tools: string[]) =>
  theCatalog().publish('clock', {
    ...(await describeTools(...tools)),
    policy: { visibility: 'public' },
  })

export const problems = async () => (await theCatalog().standing()).problems

/** An operator turned clock off; another server was published; a grant and a session ended. */
export async function begin(): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'] })
  laterBy(0)
  await publishClock('now')
  for (let change = 0; change < 5; change++) {
    await tell('PATCH', '/servers/clock/policy', { strict: change % 2 === 0 })
  }
  await tell('POST', '/servers/clock/disable', {})
  await settled()
  await theFeed().revokeGrant('revoked', nowSeconds() + 3_600)
  await theFeed().deleteSession('ended', nowSeconds() + 3_600)
  laterBy(60)
}
const REVOKED = { grantId: 'revoked', issuedAtSeconds: Math.floor(START_MS / 1000) }
const ENDED = { id: 'ended', openedAtSeconds: Math.floor(START_MS / 1000) }

export async function expectStillEnded(isolate = newIsolate()) {
  const view = (await isolate.feed())!
  expect(isRevoked(view, REVOKED)).toBe(true)
  expect(isSessionOver(view, ENDED)).toBe(true)
  // What is issued from now on counts: a client refreshes, and goes on.
  expect(isRevoked(view, { grantId: 'other', issuedAtSeconds: nowSeconds() })).toBe(false)
  expect(isSessionOver(view, { id: 'other', openedAtSeconds: nowSeconds() })).toBe(false)
}
