/** The control feed's object (DESIGN §2 "Control feed"). */
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { FeedObject } from '../../../durable-objects/feed/feed.ts'
import { inside, isEmpty, newFeed } from './_stubs.ts'

/** The seal is not looked at by the feed: it carries it. */
const announcement = (version: number, signature = `of ${version}`) => ({
  version,
  seal: { key: 'key', signature },
})
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

describe('Feed', () => {
  it('answers with its own clock, and with nothing while nothing happened', async () => {
    const feed = newFeed()
    const before = Date.now()
    const state = await feed.read()
    expect(state).toMatchObject({ catalogVersion: 0, revokedGrants: [], deletedSessions: [] })
    expect(state.stampMs).toBeGreaterThanOrEqual(before)
    expect(state.stampMs).toBeLessThanOrEqual(Date.now())
    expect(await inside(feed, (_: FeedObject, state) => isEmpty(state))).toBe(true)
  })

  it('remembers version, revocations and tombstones across eviction', async () => {
    const feed = newFeed()
    await feed.announceCatalog(announcement(7))
    await evictDurableObject(feed)
    await feed.revokeGrant('grant-1', inSeconds(3600))
    await evictDurableObject(feed)
    await feed.deleteSession('session-1', inSeconds(3600))
    await evictDurableObject(feed)
    expect(await feed.read()).toMatchObject({
      catalogVersion: 7,
      revokedGrants: ['grant-1'],
      deletedSessions: ['session-1'],
    })
  })

  it('never turns the catalog version back', async () => {
    const feed = newFeed()
    await feed.announceCatalog(announcement(3))
    await feed.announceCatalog(announcement(2))
    expect((await feed.read()).catalogVersion).toBe(3)
  })

  it('shows an entry only while what it forbids could be valid, before any alarm', async () => {
    const feed = newFeed()
    await feed.revokeGrant('over', inSeconds(-1))
    await feed.revokeGrant('valid', inSeconds(60))
    await feed.revokeGrant('extended', inSeconds(-1))
    await feed.revokeGrant('extended', inSeconds(60))
    await feed.revokeGrant('extended', inSeconds(-1))
    expect((await feed.read()).revokedGrants).toEqual(['extended', 'valid'])
  })

  it('sweeps by alarm and leaves storage empty when nothing is left', async () => {
    const feed = newFeed()
    await feed.deleteSession('session', inSeconds(-1))
    await evictDurableObject(feed)
    expect(await runDurableObjectAlarm(feed)).toBe(true)
    expect(await inside(feed, (_: FeedObject, state) => isEmpty(state))).toBe(true)
    await feed.deleteSession('session', inSeconds(60))
    expect((await feed.read()).deletedSessions).toEqual(['session'])
  })

  it('keeps the catalog version when the last entry is swept', async () => {
    const feed = newFeed()
    await feed.announceCatalog(announcement(5))
    await feed.revokeGrant('grant', inSeconds(-1))
    await runDurableObjectAlarm(feed)
    expect(await feed.read()).toMatchObject({ catalogVersion: 5, revokedGrants: [] })
  })

  it('drops the tombstones that run out first when strangers fill it', async () => {
    const feed = newFeed()
    await inside(feed, async (object: FeedObject, { storage }) => {
      await object.deleteSession('runs out first', inSeconds(10))
      await object.deleteSession('runs out last', inSeconds(9_999))
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4998)
         INSERT INTO forbidden SELECT 'session', 'filler-' || i, ? FROM n`,
        inSeconds(100),
      )
      await object.deleteSession('one too many', inSeconds(100))
      const { deletedSessions } = await object.read()
      expect(deletedSessions).toHaveLength(5_000)
      expect(deletedSessions).not.toContain('runs out first')
      expect(deletedSessions).toContain('runs out last')
    })
  })

  it('refuses a revocation it has no room for, rather than forget another', async () => {
    const feed = newFeed()
    await inside(feed, async (object: FeedObject, { storage }) => {
      await object.revokeGrant('known', inSeconds(100))
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
         INSERT INTO forbidden SELECT 'grant', 'filler-' || i, ? FROM n`,
        inSeconds(100),
      )
      await expect(object.revokeGrant('one too many', inSeconds(100))).rejects.toThrow('full')
      await object.revokeGrant('known', inSeconds(200))
      expect((await object.read()).revokedGrants).toHaveLength(10_000)
      storage.sql.exec("UPDATE forbidden SET until_s = 1 WHERE id LIKE 'filler-1%'")
      await object.revokeGrant('one too many', inSeconds(100))
      expect((await object.read()).revokedGrants).toContain('one too many')
    })
  })
})
