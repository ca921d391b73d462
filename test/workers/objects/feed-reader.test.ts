/** The control feed as an isolate reads it (DESIGN §2 "Control feed"), over the real object and cache. */
import { createExecutionContext, evictDurableObject, waitOnExecutionContext } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFeedReader, type FeedReader } from '#shared/catalog/readers/feed-reader.ts'
import type { FeedState } from '#shared/contracts/entrypoints.ts'
import { newFeed } from './_stubs.ts'

const START_MS = Date.now()
const announcement = (version: number) => ({
  version,
  seal: { key: 'key', signature: `of ${version}` },
})
/** Clocks of object, cache and reader alike: they live in one process here. */
const at = (seconds: number) => vi.setSystemTime(START_MS + seconds * 1000)
const farSeconds = Math.floor(START_MS / 1000) + 86_400

const NOTHING: FeedState = {
  stampMs: 0,
  catalogVersion: 0,
  revokedGrants: [],
  deletedSessions: [],
  lostBeforeSeconds: 0,
}

let deployments = 0

/** A reader over an object of its own that counts how often the object was asked. */
function setUp() {
  const feed = newFeed()
  const counts = { reads: 0 }
  const broken: { by?: () => Promise<never> } = {}
  const deployment = `https://test-${++deployments}.example`
  const newReader = (of = deployment): FeedReader =>
    createFeedReader({
      deployment: of,
      feed: () => ({
        read: () => {
          counts.reads++
          return broken.by ? broken.by() : feed.read()
        },
      }),
    })
  return { feed, counts, broken, newReader, reader: newReader() }
}

/** Reads in a request of its own, and waits for what it left behind. */
async function readIn(reader: FeedReader, maxAgeMs?: number) {
  const ctx = createExecutionContext()
  const answer = await reader.read(ctx, maxAgeMs === undefined ? {} : { maxAgeMs })
  return { answer, behind: () => waitOnExecutionContext(ctx) }
}

async function settledRead(reader: FeedReader, maxAgeMs?: number) {
  const { answer, behind } = await readIn(reader, maxAgeMs)
  await behind()
  return answer
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  at(0)
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('by age', () => {
  it('never read: waits, then costs nothing while young', async () => {
    const { feed, counts, reader } = setUp()
    await feed.revokeGrant('grant', farSeconds)
    expect(reader.current(Date.now())).toBeUndefined()
    const answer = await settledRead(reader)
    expect(answer.ok && answer.value.revokedGrants.has('grant')).toBe(true)
    at(5)
    expect(reader.current(Date.now())).toBe(answer.ok && answer.value)
    expect(counts.reads).toBe(1)
  })

  it.each([9, 11, 59])('%d s old: served as it is, refreshed behind', async (seconds) => {
    const { feed, counts, reader } = setUp()
    await settledRead(reader)
    await feed.announceCatalog(announcement(2))
    at(seconds)
    expect(reader.current(Date.now())).toBeUndefined()
    const { answer, behind } = await readIn(reader)
    expect(answer).toMatchObject({ ok: true, value: { catalogVersion: 0 } })
    await behind()
    expect(counts.reads).toBe(2)
    expect(reader.current(Date.now())).toMatchObject({ catalogVersion: 2 })
  })

  it('older than 60 s: waits for a new one, also after the object was evicted', async () => {
    const { feed, reader } = setUp()
    await settledRead(reader)
    await feed.announceCatalog(announcement(2))
    await evictDurableObject(feed)
    at(61)
    expect(await settledRead(reader)).toMatchObject({ ok: true, value: { catalogVersion: 2 } })
  })

  it('counts from the stamp of the object, and a clock ahead of ours gains nothing', async () => {
    const ahead = { stampMs: START_MS + 3_600_000, catalogVersion: 1 }
    const reader = createFeedReader({
      deployment: 'https://clock-ahead.example',
      feed: () => ({ read: async () => ({ ...NOTHING, ...ahead }) }),
    })
    await settledRead(reader)
    at(6)
    expect(reader.current(Date.now())).toBeUndefined()
  })
})

describe('lists and strict servers', () => {
  it('500 ms: an older state is never taken, nor an older copy of the colo', async () => {
    const { feed, counts, reader, newReader } = setUp()
    await settledRead(reader)
    await feed.announceCatalog(announcement(2))
    at(0.4)
    expect(await settledRead(reader, 500)).toMatchObject({ value: { catalogVersion: 0 } })
    at(0.6)
    expect(await settledRead(newReader(), 500)).toMatchObject({ value: { catalogVersion: 2 } })
    expect(await settledRead(reader, 500)).toMatchObject({ value: { catalogVersion: 2 } })
    // The last one took the copy of the one before.
    expect(counts.reads).toBe(2)
  })

  it('0 ms: asks the object itself, so a revocation counts at once', async () => {
    const { feed, reader } = setUp()
    await settledRead(reader)
    at(0.001)
    await feed.revokeGrant('grant', farSeconds)
    const answer = await settledRead(reader, 0)
    expect(answer.ok && answer.value.revokedGrants.has('grant')).toBe(true)
  })
})

describe('shared', () => {
  it('50 requests that wait at once ask the object once', async () => {
    const { counts, reader } = setUp()
    const answers = await Promise.all(Array.from({ length: 50 }, () => settledRead(reader)))
    expect(answers.every((answer) => answer.ok)).toBe(true)
    expect(counts.reads).toBe(1)
  })

  it('another isolate of the colo takes the copy, another deployment does not', async () => {
    const { counts, reader, newReader } = setUp()
    await settledRead(reader)
    await settledRead(newReader())
    expect(counts.reads).toBe(1)
    await settledRead(newReader('https://staging.example'))
    expect(counts.reads).toBe(2)
  })

  it('a copy too old to keep a busy isolate below 10 s is not taken', async () => {
    const { counts, reader, newReader } = setUp()
    await settledRead(reader)
    at(5)
    await settledRead(newReader())
    expect(counts.reads).toBe(2)
  })

  it.each([
    ['is not JSON', '<html>'],
    ['has another form', '{"stampMs":"now"}'],
  ])('a copy that %s is a miss', async (_, body) => {
    const { counts, newReader } = setUp()
    const deployment = `https://broken-${body.length}.example`
    const key = `https://feed.mcp-edge.internal/v2/${encodeURIComponent(deployment)}`
    const headers = { 'cache-control': 'max-age=60' }
    await caches.default.put(key, new Response(body, { headers }))
    expect(await settledRead(newReader(deployment))).toMatchObject({ ok: true })
    expect(counts.reads).toBe(1)
  })

  it('works where there is no Cache API', async () => {
    vi.stubGlobal('caches', undefined)
    const { counts, reader, newReader } = setUp()
    expect(await settledRead(reader)).toMatchObject({ ok: true })
    expect(await settledRead(newReader())).toMatchObject({ ok: true })
    expect(counts.reads).toBe(2)
  })
})

describe('a feed that does not answer', () => {
  const outage = () => Promise.reject(new Error('injected outage'))

  it('up to 60 s: the last state is served; after that the caller learns its age', async () => {
    const { broken, reader } = setUp()
    await settledRead(reader)
    broken.by = outage
    at(60)
    expect(await settledRead(reader)).toMatchObject({ ok: true })
    at(61)
    expect(await settledRead(reader)).toMatchObject({
      ok: false,
      failure: { reason: 'unreachable', ageMs: 61_000, last: { catalogVersion: 0 } },
    })
  })

  it('never read: says so', async () => {
    const { broken, reader } = setUp()
    broken.by = outage
    const failure = { reason: 'unreachable', ageMs: Infinity, last: undefined }
    expect(await settledRead(reader)).toEqual({ ok: false, failure })
  })

  it('is not stormed: 50 requests make one attempt (and its retry)', async () => {
    const { broken, counts, reader } = setUp()
    broken.by = outage
    for (let request = 0; request < 50; request++) await settledRead(reader)
    expect(counts.reads).toBe(2)
  })

  it('is read again as soon as it is back', async () => {
    const { broken, reader } = setUp()
    broken.by = outage
    await settledRead(reader)
    delete broken.by
    at(1)
    expect(await settledRead(reader)).toMatchObject({ ok: true })
  })

  it('a stub that broke once is replaced within the same read', async () => {
    const { broken, counts, reader } = setUp()
    broken.by = () => {
      delete broken.by
      return outage()
    }
    expect(await settledRead(reader)).toMatchObject({ ok: true })
    expect(counts.reads).toBe(2)
  })

  it('one that hangs holds nobody longer than 3 s, nor a later read', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    const { broken, reader } = setUp()
    vi.stubGlobal('caches', undefined)
    broken.by = () => new Promise(() => undefined)
    const hanging = reader.read({ waitUntil: () => undefined })
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await hanging).toMatchObject({ ok: false })
    delete broken.by
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await reader.read({ waitUntil: () => undefined })).toMatchObject({ ok: true })
  })
})

it('a read that died with its request, its timers too, is joined by nobody later', async () => {
  const { broken, counts, reader } = setUp()
  broken.by = () => new Promise(() => undefined)
  const died = reader.read({ waitUntil: () => undefined })
  await vi.waitUntil(() => counts.reads === 1)
  delete broken.by
  at(4)
  expect(await settledRead(reader)).toMatchObject({ ok: true })
  await died
})

describe('applyLocally', () => {
  it('is in force here at once, and stays until the feed carries it', async () => {
    const { feed, reader } = setUp()
    await settledRead(reader)
    reader.applyLocally({ revokedGrant: 'grant', untilSeconds: farSeconds })
    reader.applyLocally({ deletedSession: 'session', untilSeconds: farSeconds })
    expect(reader.current(Date.now())?.revokedGrants.has('grant')).toBe(true)
    expect(reader.current(Date.now())?.deletedSessions.has('session')).toBe(true)
    at(1)
    const stale = await settledRead(reader, 0)
    expect(stale.ok && stale.value.revokedGrants.has('grant')).toBe(true)
    await feed.revokeGrant('grant', farSeconds)
    at(2)
    const carried = await settledRead(reader, 0)
    expect(carried.ok && [...carried.value.revokedGrants]).toEqual(['grant'])
  })

  it('counts before the first read, and runs out as the feed entry would', async () => {
    const { reader } = setUp()
    reader.applyLocally({ revokedGrant: 'grant', untilSeconds: START_MS / 1000 + 30 })
    const first = await settledRead(reader)
    expect(first.ok && first.value.revokedGrants.has('grant')).toBe(true)
    at(31)
    const later = await settledRead(reader, 0)
    expect(later.ok && later.value.revokedGrants.has('grant')).toBe(false)
  })
})
