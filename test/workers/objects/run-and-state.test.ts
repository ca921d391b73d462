/** Runs, handles and attachments, evicted between every two steps; gone when their time is over (DESIGN §4.2, §4.6). */
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CAPABILITY_LABEL, mintCapability, type Capability } from '#shared/identity/capability.ts'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { ownedName } from '#shared/services/calls.ts'
import {
  ATTACHMENT_KEPT_MS,
  ATTACHMENT_MAX_BYTES,
  RUN_KEPT_MAX_SECONDS,
  STATE_KEPT_MS,
} from '#shared/services/limits.ts'
import { randomId } from '#shared/lib/random-id.ts'
import { platformOf, type StateOperation } from '#shared/contracts/entrypoints.ts'
import { inside, isEmpty } from './_stubs.ts'

const ADA: Capability = {
  server: 'shop',
  tenant: 'default',
  subject: 'ada',
  clientId: 'client',
  method: 'tools/call',
  name: 'buy',
}
const platform = platformOf(exports.Platform as unknown as Fetcher)
const START_MS = Date.now()
const HOUR_SECONDS = 3600

async function capability(changed: Partial<Capability> = {}) {
  const keys = await deriveSealKeys(env.CAPABILITY_SECRETS, CAPABILITY_LABEL)
  return mintCapability(keys, { ...ADA, ...changed }, Math.floor(Date.now() / 1000))
}

const runStub = (id: string) => exports.RunObject.getByName(ownedName(ADA, id))
const stateStub = (handle: string) => exports.StateObject.getByName(ownedName(ADA, handle))

/** The clock goes on, and what is due then runs. */
async function alarmAt(stub: DurableObjectStub, ms: number) {
  vi.setSystemTime(START_MS + ms)
  expect(await runDurableObjectAlarm(stub)).toBe(true)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a run', () => {
  it('is claimed once, and its steps recorded once, whatever is evicted in between', async () => {
    const run = { id: randomId(), keptSeconds: HOUR_SECONDS }
    const text = await capability()
    const evict = () => evictDurableObject(runStub(run.id))
    const claim = async (round: number) => {
      await evict()
      return platform.claimRun(text, run, round)
    }
    const yes = { ok: true, value: true }
    const no = { ok: true, value: false }

    expect(await platform.claimRun(text, run, 1)).toEqual(yes)
    expect(await claim(1)).toEqual(no)
    await evict()
    await platform.releaseRun(text, run, 1)
    expect(await claim(1)).toEqual(yes)
    expect(await claim(2)).toEqual(yes)
    expect(await claim(1)).toEqual(no)
    await evict()
    // A round that is over cannot free a later one.
    await platform.releaseRun(text, run, 1)
    expect(await claim(2)).toEqual(no)

    const recorded = (value: string) => ({ ok: true, value })
    expect(await platform.recordStep(text, run, 'pay', '"first"')).toEqual(recorded('"first"'))
    await evict()
    expect(await platform.recordStep(text, run, 'pay', '"second"')).toEqual(recorded('"first"'))
    await evict()
    expect(await platform.recordedStep(text, run, 'pay')).toEqual(recorded('"first"'))
  })

  it('is remembered as long as its state counts, from its last step on, and then leaves nothing', async () => {
    const run = { id: randomId(), keptSeconds: HOUR_SECONDS }
    await platform.recordStep(await capability(), run, 'pay', '1')
    vi.setSystemTime(START_MS + 1_800_000)
    await platform.claimRun(await capability(), run, 1)

    await alarmAt(runStub(run.id), HOUR_SECONDS * 1000 + 1)
    const text = await capability()
    expect(await platform.recordedStep(text, run, 'pay')).toEqual({ ok: true, value: '1' })
    expect(await platform.claimRun(text, run, 1)).toEqual({ ok: true, value: false })
    await alarmAt(runStub(run.id), 3 * HOUR_SECONDS * 1000)
    expect(await inside(runStub(run.id), (_, state) => isEmpty(state))).toBe(true)
  })

  it('is remembered for eight days at most, whatever a server asks for', async () => {
    const run = { id: randomId(), keptSeconds: 1e12 }
    await platform.claimRun(await capability(), run, 1)
    await alarmAt(runStub(run.id), RUN_KEPT_MAX_SECONDS * 1000 + 1)
    expect(await inside(runStub(run.id), (_, state) => isEmpty(state))).toBe(true)
  })

  it('that was only asked for leaves nothing', async () => {
    const run = { id: randomId(), keptSeconds: HOUR_SECONDS }
    await platform.recordedStep(await capability(), run, 'pay')
    await platform.releaseRun(await capability(), run, 1)
    expect(await inside(runStub(run.id), (_, state) => isEmpty(state))).toBe(true)
  })
})

describe('a handle', () => {
  async function open() {
    const made = await platform.createState(await capability())
    if (!made.ok) throw new Error(made.failure.reason)
    return made.value
  }
  const use = async (handle: string, operation: StateOperation, changed?: Partial<Capability>) =>
    platform.useState(await capability(changed), handle, operation)
  const UNKNOWN = { ok: false, failure: { reason: 'unknown' } }

  it('keeps its values and versions, whatever is evicted in between', async () => {
    const handle = await open()
    const evicted = async (operation: StateOperation) => {
      await evictDurableObject(stateStub(handle))
      const answer = await use(handle, operation)
      return answer.ok ? answer.value : answer.failure
    }
    const put = (json: string, ifVersion?: number) =>
      evicted({ kind: 'put', key: 'k', json, ...(ifVersion === undefined ? {} : { ifVersion }) })

    expect(await put('1', 0)).toMatchObject({ written: true })
    expect(await put('2', 0)).toMatchObject({ written: false })
    expect(await put('2', 1)).toMatchObject({ written: true })
    expect(await evicted({ kind: 'get', key: 'k' })).toMatchObject({
      entries: [{ key: 'k', json: '2', version: 2 }],
    })
    expect(await evicted({ kind: 'delete', key: 'k' })).toMatchObject({ written: true })
    // A version is never had twice: who read it before it was deleted is told so.
    expect(await put('3', 0)).toMatchObject({ written: true })
    expect(await put('4', 2)).toMatchObject({ written: false })
    expect(await evicted({ kind: 'list' })).toMatchObject({ entries: [{ json: '3', version: 3 }] })
  })

  it.each([
    ['principal', { subject: 'mallory' }],
    ['tenant', { tenant: 'other' }],
    ['server', { server: 'bank' }],
  ])('is unknown to another %s, who makes nothing by asking', async (_, other) => {
    const handle = await open()
    expect(await use(handle, { kind: 'put', key: 'k', json: '1' }, other)).toEqual(UNKNOWN)
    expect(await use(handle, { kind: 'list' }, other)).toEqual(UNKNOWN)
    const theirs = exports.StateObject.getByName(ownedName({ ...ADA, ...other }, handle))
    expect(await inside(theirs, (_instance, state) => isEmpty(state))).toBe(true)
    expect(await use(handle, { kind: 'list' })).toMatchObject({ value: { entries: [] } })
  })

  it('lives a week from its last use, and then leaves nothing', async () => {
    const handle = await open()
    await use(handle, { kind: 'put', key: 'k', json: '1' })
    vi.setSystemTime(START_MS + STATE_KEPT_MS - 1000)
    expect(await use(handle, { kind: 'get', key: 'k' })).toMatchObject({ ok: true })

    await alarmAt(stateStub(handle), STATE_KEPT_MS + 1000)
    expect(await use(handle, { kind: 'get', key: 'k' })).toMatchObject({ ok: true })
    vi.setSystemTime(START_MS + 3 * STATE_KEPT_MS)
    // Over is over, also before the alarm comes.
    expect(await use(handle, { kind: 'get', key: 'k' })).toEqual(UNKNOWN)
    await alarmAt(stateStub(handle), 3 * STATE_KEPT_MS)
    expect(await inside(stateStub(handle), (_, state) => isEmpty(state))).toBe(true)
    expect(await use(handle, { kind: 'put', key: 'k', json: '1' })).toEqual(UNKNOWN)
  })
})

describe('an attachment', () => {
  const stored = async () => (await env.ATTACHMENTS.list()).objects.length
  const attach = async (body: Uint8Array | ReadableStream<Uint8Array>, type = 'text/plain') =>
    platform.attach(await capability(), 'a.txt', type, body)
  const read = async (uri: string, changed: Partial<Capability> = {}) => {
    const text = await capability({ method: 'resources/read', name: uri, ...changed })
    const answer = await platform.readAttachment(text)
    return answer.ok ? new Response(answer.value).text() : answer.failure.reason
  }
  const stubOf = (uri: string) =>
    exports.AttachmentObject.getByName(ownedName(ADA, uri.split('/')[3] ?? ''))

  async function uriOf(body: Uint8Array | ReadableStream<Uint8Array>, type?: string) {
    const made = await attach(body, type)
    if (!made.ok) throw new Error(made.failure.reason)
    return made.value.uri
  }
  const text = new TextEncoder().encode('grüße "x"')

  it('is read by whom it belongs to, by its own URI alone', async () => {
    const uri = await uriOf(text)
    await evictDurableObject(stubOf(uri))
    expect(JSON.parse(await read(uri))).toEqual([
      { uri, mimeType: 'text/plain', text: 'grüße "x"' },
    ])
    for (const other of [{ subject: 'mallory' }, { tenant: 'other' }, { server: 'bank' }]) {
      expect(await read(uri, other)).toBe('unknown')
    }
    expect(await read(uri, { method: 'tools/call' })).toBe('unknown')
    expect(await read(uri, { name: 'notes://1' })).toBe('unknown')
  })

  it('of several parts arrives whole, and one over the bound is not kept', async () => {
    const half = ATTACHMENT_MAX_BYTES / 2
    const streamOf = (size: number) => {
      const { readable, writable } = new FixedLengthStream(size)
      const writer = writable.getWriter()
      void (async () => {
        for (let sent = 0; sent < size; sent += half) {
          await writer.write(new Uint8Array(Math.min(half, size - sent)).fill(65))
        }
        await writer.close()
      })().catch(() => undefined)
      return readable
    }
    const before = await stored()
    const uri = await uriOf(streamOf(half + 3))
    const [{ text: read1 } = {}] = JSON.parse(await read(uri)) as { text?: string }[]
    expect(read1?.length).toBe(half + 3)
    const tooLarge = { ok: false, failure: { reason: 'too_large' } }
    expect(await attach(streamOf(ATTACHMENT_MAX_BYTES + 1))).toEqual(tooLarge)
    expect(await attach(new Uint8Array(ATTACHMENT_MAX_BYTES + 1))).toEqual(tooLarge)
    expect(await stored()).toBe(before + 1)
  })

  it('ends after a day: then neither body nor object is left', async () => {
    const before = await stored()
    const uri = await uriOf(text)
    vi.setSystemTime(START_MS + ATTACHMENT_KEPT_MS + 1)
    // Over is over, also before the alarm comes.
    expect(await read(uri)).toBe('unknown')
    await evictDurableObject(stubOf(uri))
    await alarmAt(stubOf(uri), ATTACHMENT_KEPT_MS + 1)
    expect(await stored()).toBe(before)
    expect(await inside(stubOf(uri), (_, state) => isEmpty(state))).toBe(true)
  })
})
