/** Who listens to a server, and what reaches them, evicted between every two steps (DESIGN §4.3, §4.4). */
import {
  abortAllDurableObjects,
  evictAllDurableObjects,
  runDurableObjectAlarm,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  HUB_EVENTS_PER_SECOND,
  HUB_IDLE_MS,
  SHARDS_MAX,
  TOPICS_KEPT_MAX,
} from '#shared/contracts/hub-limits.ts'
import { publish, publishFollowed } from '#shared/contracts/hub-publish.ts'
import {
  audienceKey,
  EVERYONE,
  topicKey,
  topicKeys,
  type Audience,
  type HubFrame,
} from '#shared/contracts/hub-topics.ts'
import { HUB_REPLACED_CODE, hubObjectName, hubsOf } from '#shared/contracts/entrypoints.ts'
import type { HubObject } from '../../../durable-objects/hub/hub.ts'
import { attachTo, hubStub, statusOfAttach } from './_hub.ts'
import { inside, isEmpty } from './_stubs.ts'

let made = 0
const HUBS = hubsOf(env.HUB as unknown as DurableObjectNamespace)

/** A server of its own for each test: storage is shared by the tests of one file. */
let server: string
beforeEach(() => {
  server = `server-${++made}`
})

const tell = (frame: HubFrame, audience: Audience = EVERYONE) =>
  publish(HUBS, server, [{ frame, audience }])

const ALICE = { to: 'principal', tenant: 'default', subject: 'alice' } as const
const MALLORY = { to: 'principal', tenant: 'default', subject: 'mallory' } as const
const audiencesOf = async (who: { tenant: string; subject: string }) => [
  await audienceKey({ to: 'tenant', tenant: who.tenant }),
  await audienceKey({ to: 'principal', ...who }),
]

const isGone = (shard = 0) =>
  inside(hubStub(server, shard), (_: HubObject, state) => isEmpty(state))

/** Runs alarms as if a minute had passed each time. */
async function alarm(shard = 0): Promise<void> {
  await runDurableObjectAlarm(hubStub(server, shard))
}

describe('nobody listens', () => {
  it('and telling stores nothing', async () => {
    expect(await tell({ kind: 'tools' })).toBe(false)
    expect(await isGone()).toBe(true)
  })

  it('any longer: a minute later nothing is left', async () => {
    const listener = await attachTo(server, { topics: await topicKeys('tools', ['']) })
    listener.close()
    await vi.waitFor(async () => {
      await alarm()
      expect(await isGone()).toBe(true)
    }, 10_000)
    expect(await tell({ kind: 'tools' })).toBe(false)
  })

  it('because a restart cut them all: the alarm that was set with them finds out', async () => {
    await attachTo(server, { topics: await topicKeys('tools', ['']) })
    await abortAllDurableObjects()
    await vi.waitFor(async () => {
      await alarm()
      expect(await isGone()).toBe(true)
    }, 10_000)
  })
})

describe('a listener', () => {
  it('gets what it follows, in order, and nothing else, though the hub is evicted before each', async () => {
    const topics =
      (await topicKeys('tools', [''])) + (await topicKeys('resource', ['note://1', 'note://2']))
    const listener = await attachTo(server, { topics })
    const frames: HubFrame[] = [
      { kind: 'tools' },
      { kind: 'prompts' },
      { kind: 'resource', uri: 'note://2' },
      { kind: 'resource', uri: 'note://3' },
      { kind: 'task', taskId: 'note://1', task: {} },
      { kind: 'resource', uri: 'note://1' },
    ]
    for (const frame of frames) {
      await evictAllDurableObjects()
      expect(await tell(frame)).toBe(true)
    }
    expect(await listener.frames(3)).toEqual([frames[0], frames[2], frames[5]])
  })

  it('never gets what is for another principal or another tenant', async () => {
    const topics = await topicKeys('resource', ['note://1'])
    const alice = await attachTo(server, { topics, audiences: await audiencesOf(ALICE) })
    const mallory = await attachTo(server, { topics, audiences: await audiencesOf(MALLORY) })
    const elsewhere = { tenant: 'other', subject: 'alice' }
    const other = await attachTo(server, { topics, audiences: await audiencesOf(elsewhere) })
    const frame: HubFrame = { kind: 'resource', uri: 'note://1' }
    await tell(frame, ALICE)
    await evictAllDurableObjects()
    await tell(frame, { to: 'tenant', tenant: 'default' })
    await tell(frame)
    expect(await alice.frames(3)).toHaveLength(3)
    expect(await mallory.frames(2)).toHaveLength(2)
    expect(await other.frames(1)).toHaveLength(1)
  })

  it('that was cut gets what it missed: of each topic the latest, once', async () => {
    const topics = (await topicKeys('tools', [''])) + (await topicKeys('resource', ['note://1']))
    const first = await attachTo(server, { topics })
    await tell({ kind: 'tools' })
    await first.frames(1)
    const after = first.at()
    first.close()
    for (let n = 0; n < 3; n++) await tell({ kind: 'resource', uri: 'note://1' })
    await tell({ kind: 'prompts' })
    await evictAllDurableObjects()
    const second = await attachTo(server, { topics, after })
    expect(second.hello).toMatchObject({ missed: false })
    expect(await second.frames(1)).toEqual([{ kind: 'resource', uri: 'note://1' }])
    const third = await attachTo(server, { topics, after: second.at() })
    await tell({ kind: 'tools' })
    expect(await third.frames(1)).toEqual([{ kind: 'tools' }])
  })

  it('learns that it may have missed something from a hub that was gone meanwhile', async () => {
    const first = await attachTo(server)
    const after = first.at()
    first.close()
    await vi.waitFor(async () => {
      await alarm()
      expect(await isGone()).toBe(true)
    }, 10_000)
    expect((await attachTo(server, { after })).hello.missed).toBe(true)
    expect((await attachTo(server, { after: 'nonsense' })).hello.missed).toBe(true)
  })

  it('learns the same when more topics came than are kept', async () => {
    const listener = await attachTo(server)
    await tell({ kind: 'tools' })
    await inside(hubStub(server), (_: HubObject, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= ?)
         INSERT INTO latest (topic, audience, seq, frame) SELECT 'filler-' || i, '', i, '{}' FROM n`,
        TOPICS_KEPT_MAX,
      )
      storage.kv.put('seq', TOPICS_KEPT_MAX + 1)
    })
    await evictAllDurableObjects()
    await tell({ kind: 'prompts' })
    const rows = await inside(hubStub(server), (_: HubObject, { storage }) =>
      storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM latest').one(),
    )
    expect(rows.n).toBe(TOPICS_KEPT_MAX)
    expect((await attachTo(server, { after: listener.at() })).hello.missed).toBe(true)
  })

  it('of a hub that is told too much gets the latest of each topic a moment later', async () => {
    const listener = await attachTo(server, { topics: await topicKeys('resource', ['note://1']) })
    const many = Array.from({ length: HUB_EVENTS_PER_SECOND + 20 }, () =>
      tell({ kind: 'resource', uri: 'note://1' }),
    )
    expect(new Set(await Promise.all(many))).toEqual(new Set([true]))
    await evictAllDurableObjects()
    await vi.waitFor(async () => {
      await alarm()
      expect(listener.received.length).toBeGreaterThan(HUB_EVENTS_PER_SECOND)
    }, 10_000)
    expect(listener.received.length).toBeLessThan(HUB_EVENTS_PER_SECOND + 20)
  })
})

describe('a session', () => {
  it('has one stream: the newer one closes the older (2025-11-25 transports)', async () => {
    const session = await topicKey('session', 'session-1')
    const older = await attachTo(server, { session })
    await evictAllDurableObjects()
    const other = await attachTo(server, { session: await topicKey('session', 'session-2') })
    await attachTo(server, { session })
    expect(await older.closed).toBe(HUB_REPLACED_CODE)
    other.close()
  })

  it('follows what it subscribed to from then on, and an older revision changes nothing', async () => {
    const listener = await attachTo(server, {
      session: await topicKey('session', 'session-1'),
      audiences: await audiencesOf(ALICE),
    })
    const follow = (revision: number, ...uris: string[]) =>
      publishFollowed(HUBS, server, 'session-1', ALICE, { revision, uris })
    const update: HubFrame = { kind: 'resource', uri: 'note://1' }
    await tell(update)
    await follow(2, 'note://1')
    await evictAllDurableObjects()
    await tell(update)
    listener.follow({ revision: 1, topics: await topicKeys('resource', ['note://2']) })
    await tell(update)
    await follow(3)
    await tell(update)
    await tell(update)
    const frames = await listener.frames(4)
    expect(frames.map(({ kind }) => kind)).toEqual(['session', 'resource', 'resource', 'session'])
  })

  it('that says late what it follows gets what came since', async () => {
    const listener = await attachTo(server)
    await tell({ kind: 'resource', uri: 'note://1' })
    await tell({ kind: 'resource', uri: 'note://2' })
    const topics = await topicKeys('resource', ['note://2'])
    listener.follow({ revision: 1, topics, after: listener.hello.at })
    expect(await listener.frames(1)).toEqual([{ kind: 'resource', uri: 'note://2' }])
  })

  it('of another principal is not told by one who knows its id', async () => {
    const listener = await attachTo(server, {
      session: await topicKey('session', 'session-1'),
      audiences: await audiencesOf(ALICE),
    })
    await publishFollowed(HUBS, server, 'session-1', MALLORY, { revision: 9, uris: [] })
    await publishFollowed(HUBS, server, 'session-1', ALICE, { revision: 2, uris: ['note://1'] })
    expect(await listener.frames(1)).toEqual([{ kind: 'session', revision: 2, uris: ['note://1'] }])
  })
})

describe('listeners', () => {
  it('of one principal are bounded', async () => {
    const audiences = await audiencesOf(ALICE)
    await attachTo(server, { audiences, most: 2 })
    const second = await attachTo(server, { audiences, most: 2 })
    await evictAllDurableObjects()
    expect(await statusOfAttach(server, { audiences, most: 2 })).toBe(429)
    await attachTo(server, { audiences: await audiencesOf(MALLORY), most: 2 })
    second.close()
    await vi.waitFor(async () => {
      expect(await statusOfAttach(server, { audiences, most: 2 })).toBe(101)
    }, 10_000)
  })
})

describe('shards', () => {
  beforeEach(() => {
    env.HUB_SHARD_LISTENERS = '2'
    return () => {
      env.HUB_SHARD_LISTENERS = '500'
    }
  })

  it('grow with the listeners; each is told once, evicted in between; none is left at the end', async () => {
    const topics = await topicKeys('tools', [''])
    const listeners = []
    for (let place = 0; place < 9; place++) {
      listeners.push(await attachTo(server, { topics, place }))
      await evictAllDurableObjects()
    }
    const shards = new Set(listeners.map(({ shard }) => shard))
    expect(shards.size).toBeGreaterThanOrEqual(4)
    await tell({ kind: 'tools' })
    await evictAllDurableObjects()
    await tell({ kind: 'tools' })
    for (const listener of listeners) {
      expect(await listener.frames(2)).toHaveLength(2)
      listener.close()
    }
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * HUB_IDLE_MS })
    try {
      await vi.waitFor(async () => {
        for (const shard of shards) if (shard !== 0) await alarm(shard)
        await alarm()
        for (const shard of shards) expect(await isGone(shard)).toBe(true)
      }, 10_000)
    } finally {
      vi.useRealTimers()
    }
  })

  it('that did not answer get the event later, and once', async () => {
    const topics = await topicKeys('tools', [''])
    const places = [0, 2, 1, 3]
    const listeners = await Promise.all(places.map((place) => attachTo(server, { topics, place })))
    const moved = await attachTo(server, { topics, place: 5 })
    expect(moved.shard).not.toBe(0)
    await inside(hubStub(server), (object: HubObject) => {
      const getByName = () => ({ deliver: () => Promise.reject(new Error('injected outage')) })
      Object.assign(object, { env: { ...env, HUB: { getByName } } })
    })
    await tell({ kind: 'tools' })
    expect(moved.received).toEqual([])
    await evictAllDurableObjects()
    await alarm()
    await alarm()
    expect(await moved.frames(1)).toEqual([{ kind: 'tools' }])
    for (const listener of listeners) await listener.frames(1)
    await tell({ kind: 'tools' })
    for (const listener of [...listeners, moved]) expect(await listener.frames(2)).toHaveLength(2)
  })

  it('keep one order: who was cut goes on where it was, in whichever shard it comes back', async () => {
    const topics = await topicKeys('resource', ['note://1'])
    const listeners = []
    for (let place = 0; place < 3; place++)
      listeners.push(await attachTo(server, { topics, place }))
    await tell({ kind: 'resource', uri: 'note://1' })
    const [first] = listeners
    await first!.frames(1)
    const after = first!.at()
    await tell({ kind: 'resource', uri: 'note://1' })
    first!.close()
    const back = await attachTo(server, { topics, place: 3, after })
    expect(back.shard).not.toBe(first!.shard)
    expect(back.hello.missed).toBe(false)
    expect(await back.frames(1)).toHaveLength(1)
  })

  it('are filled evenly: a place of the full root is found elsewhere, not refused', async () => {
    const topics = await topicKeys('tools', [''])
    const places = [0, 1, SHARDS_MAX, 2 * SHARDS_MAX, 3 * SHARDS_MAX, 4 * SHARDS_MAX]
    const listeners = []
    for (const place of places) listeners.push(await attachTo(server, { topics, place }))
    await tell({ kind: 'tools' })
    for (const listener of listeners) expect(await listener.frames(1)).toHaveLength(1)
  })

  it('keep one stream a session, though the newer one finds the root full', async () => {
    const session = await topicKey('session', 'session-1')
    const older = await attachTo(server, { session })
    await attachTo(server)
    const newer = await attachTo(server, { session })
    expect([older.shard, newer.shard !== 0]).toEqual([0, true])
    expect(await older.closed).toBe(HUB_REPLACED_CODE)
  })

  it('are so many at most: then the server is full', async () => {
    env.HUB_SHARD_LISTENERS = '0'
    expect(await statusOfAttach(server, { place: SHARDS_MAX - 1 })).toBe(503)
  })
})

it('names objects by server and shard alone', () => {
  expect(hubObjectName('clock', 3)).toBe('["hub","clock",3]')
})
