/** What a session remembers while a question is open, evicted between every two steps (DESIGN §4.2–4.4). */
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  CANCELLED_ID_MAX_CHARS,
  CANCELLED_KEEP_MS,
  CANCELLED_MAX,
  CLAIM_LIFETIME_MS,
  FINISHED_KEEP_MS,
  OPEN_RUNS_MAX,
  QUESTION_LIFETIME_MS,
  RUN_NOTIFICATIONS_MAX_BYTES,
  STORED_RUNS_MAX,
} from '#shared/contracts/session-limits.ts'
import {
  NO_ANSWER,
  SESSION_ATTACH_PATH,
  SESSION_REPLACED_CODE,
  type OpenRound,
  type Rpc,
  type Session,
  type SessionFrame,
} from '#shared/contracts/entrypoints.ts'
import { Tables } from '../../../durable-objects/schema.ts'
import { SESSION_MIGRATIONS } from '../../../durable-objects/sessions/store.ts'
import { isEmpty, inside } from './_stubs.ts'

type SessionStub = Rpc<Session> & DurableObjectStub

/** A day ahead: no alarm comes by itself, however long these tests take. */
const START_MS = Date.now() + 86_400_000
let made = 0
const newSession = (): SessionStub =>
  exports.SessionObject.getByName(`session-${++made}`) as unknown as SessionStub

const round = (runId: string, ...ids: string[]): OpenRound => ({
  runId,
  call: { requestId: 7, method: 'tools/call', name: 'ask', params: { name: 'ask' } },
  requestState: 'state-1',
  questions: Object.fromEntries(ids.map((id) => [id, `key-${id}`])),
  events: ids.map((id) => `question ${id}`),
})

async function attach(stub: SessionStub, runId: string, after = 0) {
  const url = `https://session${SESSION_ATTACH_PATH}${runId}?after=${after}`
  const { webSocket, status } = await stub.fetch(url, { headers: { Upgrade: 'websocket' } })
  if (!webSocket) throw new Error(`not attached: ${status}`)
  const frames: SessionFrame[] = []
  const closed = Promise.withResolvers<number>()
  webSocket.addEventListener('message', ({ data }) => {
    frames.push(JSON.parse(String(data)) as SessionFrame)
  })
  webSocket.addEventListener('close', ({ code }) => {
    closed.resolve(code)
  })
  webSocket.accept()
  const texts = (count: number) =>
    vi.waitFor(() => {
      expect(frames.length).toBeGreaterThanOrEqual(count)
      return frames.map(({ event }) => event)
    }, 10_000)
  return { frames, texts, closed: closed.promise }
}

/** Everything due runs, as if so much time had passed. */
async function alarmAfter(stub: SessionStub, ms: number) {
  vi.setSystemTime(START_MS + ms)
  expect(await runDurableObjectAlarm(stub)).toBe(true)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('answer (compare-and-set)', () => {
  it('gives the run to exactly one of eight invocations that bring the same answer', async () => {
    const session = newSession()
    await session.ask(round('run', 'a'))
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, n) => session.answer('a', { result: { n } })),
    )
    const statuses = outcomes.map(({ status }) => status).sort()
    expect(statuses).toEqual(['claimed', ...Array<string>(7).fill('unknown')])
  })

  it('waits for the last answer of a round, and hands out all of them', async () => {
    const session = newSession()
    await session.ask(round('run', 'a', 'b'))
    expect(await session.answer('b', { result: { n: 2 } })).toEqual({ status: 'waiting' })
    await evictDurableObject(session)
    expect(await session.answer('b', { result: { n: 3 } })).toEqual({ status: 'unknown' })
    expect(await session.answer('a', { result: { n: 1 } })).toEqual({
      status: 'claimed',
      runId: 'run',
      call: round('run').call,
      requestState: 'state-1',
      inputResponses: { 'key-a': { n: 1 }, 'key-b': { n: 2 } },
    })
  })

  it('ends the round at the first error, and names the questions to take back', async () => {
    const session = newSession()
    await session.ask(round('run', 'a', 'b'))
    const outcome = await session.answer('a', { error: { code: -1, message: 'no form here' } })
    expect(outcome).toMatchObject({ status: 'failed', message: 'no form here', withdrawn: ['b'] })
    expect(await session.answer('b', { result: {} })).toEqual({ status: 'unknown' })
  })

  it('takes no answer to an expired question, though its alarm has not come yet', async () => {
    const session = newSession()
    await session.ask(round('run', 'a'))
    vi.setSystemTime(START_MS + QUESTION_LIFETIME_MS)
    expect(await session.answer('a', { result: {} })).toEqual({ status: 'unknown' })
  })

  it('stores nothing for an answer nobody waits for', async () => {
    const session = newSession()
    expect(await session.answer('a', { result: {} })).toEqual({ status: 'unknown' })
    expect(await inside(session, (_, state) => isEmpty(state))).toBe(true)
  })
})

describe('a run, its object evicted between every two steps', () => {
  it('loses no event and repeats none', async () => {
    const session = newSession()
    await session.ask(round('run', 'a'))
    await evictDurableObject(session)
    const holder = await attach(session, 'run')
    expect(await holder.texts(1)).toEqual(['question a'])
    await evictDurableObject(session)
    expect((await session.answer('a', { result: {} })).status).toBe('claimed')
    await evictDurableObject(session)
    expect(await session.emit('run', ['progress'], false)).toBe(true)
    await evictDurableObject(session)
    expect(await session.ask(round('run', 'b'))).toBe('asked')
    await evictDurableObject(session)
    expect((await session.answer('b', { result: {} })).status).toBe('claimed')
    await evictDurableObject(session)
    expect(await session.emit('run', ['answer'], true)).toBe(true)
    expect(await holder.texts(4)).toEqual(['question a', 'progress', 'question b', 'answer'])
    expect(holder.frames.map(({ done }) => done)).toEqual([false, false, false, true])
  })

  it('gives a holder that was cut off what it has not had', async () => {
    const session = newSession()
    await session.ask(round('run', 'a'))
    const first = await attach(session, 'run')
    await first.texts(1)
    await evictDurableObject(session, { webSockets: 'close' })
    await first.closed
    await session.answer('a', { result: {} })
    await session.emit('run', ['answer'], true)
    const second = await attach(session, 'run', first.frames[0]?.seq)
    expect(await second.texts(1)).toEqual(['answer'])
  })

  it('has one holder: a newer one replaces the older', async () => {
    const session = newSession()
    await session.ask(round('run', 'a'))
    const older = await attach(session, 'run')
    const newer = await attach(session, 'run')
    expect(await older.closed).toBe(SESSION_REPLACED_CODE)
    expect(await newer.texts(1)).toEqual(['question a'])
  })

  it('keeps the streams of two runs apart', async () => {
    const session = newSession()
    await session.ask(round('one', 'a'))
    await session.ask(round('two', 'b'))
    const holder = await attach(session, 'two')
    await session.answer('a', { result: {} })
    await session.emit('one', ['answer one'], true)
    await session.answer('b', { result: {} })
    await session.emit('two', ['answer two'], true)
    expect(await holder.texts(2)).toEqual(['question b', 'answer two'])
  })

  it('takes events of the invocation that claimed it alone, and none after the answer', async () => {
    const session = newSession()
    expect(await session.emit('run', ['forged'], true)).toBe(false)
    await session.ask(round('run', 'a'))
    expect(await session.emit('run', ['early'], true)).toBe(false)
    await session.answer('a', { result: {} })
    expect(await session.emit('run', ['answer'], true)).toBe(true)
    expect(await session.emit('run', ['second answer'], true)).toBe(false)
    expect(await session.ask(round('run', 'b'))).toBe('gone')
  })

  it('answers 404 to a holder of a run it does not know', async () => {
    await expect(attach(newSession(), 'run')).rejects.toThrow('not attached: 404')
  })
})

describe('rows of the first release', () => {
  it('are read on by this one: a round that was open then is answered now, its events in order', async () => {
    const session = newSession()
    await inside(session, (_, { storage }) => {
      new Tables(storage, SESSION_MIGRATIONS.slice(0, 1)).ensure()
      const call = JSON.stringify(round('run').call)
      storage.sql.exec(
        `INSERT INTO runs (run_id, phase, deadline_ms, call, request_state)
         VALUES ('run', 'asked', ${START_MS + 1000}, '${call}', 'state-1');
         INSERT INTO questions (question_id, run_id, input_key) VALUES ('a', 'run', 'key-a');
         INSERT INTO events (run_id, event, done)
         VALUES ('other', 'of another', 0), ('run', 'progress', 0), ('run', 'question a', 0);`,
      )
    })
    await evictDurableObject(session)
    const holder = await attach(session, 'run', 2)
    expect(await holder.texts(1)).toEqual(['question a'])
    expect((await session.answer('a', { result: {} })).status).toBe('claimed')
    await session.emit('run', ['answer'], true)
    expect(await holder.texts(2)).toEqual(['question a', 'answer'])
    expect(holder.frames.map(({ seq }) => seq)).toEqual([3, 4])
  })
})

describe('a run whose client left', () => {
  const kept = (runId: string, ...events: string[]) => ({
    runId,
    call: round(runId).call,
    frames: events.map((event, index) => ({ seq: index + 1, event, done: event === 'answer' })),
  })

  it('keeps what was said under the numbers the client saw, and forgets it all by alarm', async () => {
    const session = newSession()
    expect(await session.keep(kept('run', 'one', 'two'))).toBe(true)
    await evictDurableObject(session)
    await session.emit('run', ['answer'], true)
    const holder = await attach(session, 'run', 1)
    expect(await holder.texts(2)).toEqual(['two', 'answer'])
    await alarmAfter(session, FINISHED_KEEP_MS)
    expect(await inside(session, (_, state) => isEmpty(state))).toBe(true)
  })

  it('that has its answer takes nothing more', async () => {
    const session = newSession()
    await session.keep(kept('run', 'one', 'answer'))
    expect(await session.emit('run', ['second answer'], true)).toBe(false)
  })

  it('ends with an error when the invocation that went on with it dies', async () => {
    const session = newSession()
    await session.keep(kept('run', 'one'))
    const holder = await attach(session, 'run', 1)
    await alarmAfter(session, CLAIM_LIFETIME_MS)
    const [final = ''] = await holder.texts(1)
    expect(JSON.parse(final)).toMatchObject({ id: 7, error: { code: -32603 } })
  })

  it('is kept once, whichever of the two tells first that a question was opened', async () => {
    for (const order of [
      ['keep', 'ask'],
      ['ask', 'keep'],
    ] as const) {
      const session = newSession()
      const opening = { ...round('run', 'a'), shown: kept('run', 'one').frames }
      for (const step of order) {
        if (step === 'keep') await session.keep(kept('run', 'one'))
        else expect(await session.ask(opening)).toBe('asked')
      }
      const holder = await attach(session, 'run')
      expect(await holder.texts(2)).toEqual(['one', 'question a'])
      expect(await session.answer('a', { result: {} })).toMatchObject({ requestState: 'state-1' })
    }
  })

  it('makes room for a later one when it is done: the oldest first', async () => {
    const session = newSession()
    for (let n = 0; n < STORED_RUNS_MAX; n++) {
      vi.setSystemTime(START_MS + n)
      expect(await session.keep(kept(`run-${n}`, 'answer'))).toBe(true)
    }
    expect(await session.keep(kept('one-more', 'answer'))).toBe(true)
    await expect(attach(session, 'run-0')).rejects.toThrow('404')
    expect(await (await attach(session, 'run-1')).texts(1)).toEqual(['answer'])
  })

  it('finds no room beside as many that still work', async () => {
    const session = newSession()
    for (let n = 0; n < OPEN_RUNS_MAX; n++) await session.keep(kept(`run-${n}`, 'one'))
    expect(await session.keep(kept('one-more', 'one'))).toBe(false)
  })
})

describe('cancelled requests', () => {
  it('are remembered for a while, so many at most, and then leave nothing', async () => {
    const session = newSession()
    for (let n = 0; n <= CANCELLED_MAX; n++) {
      vi.setSystemTime(START_MS + n)
      await session.cancel(n)
    }
    await session.cancel('x'.repeat(CANCELLED_ID_MAX_CHARS))
    await evictDurableObject(session)
    expect(await session.isCancelled(0)).toBe(false)
    expect(await session.isCancelled(1)).toBe(true)
    expect(await session.isCancelled('1')).toBe(false)
    await alarmAfter(session, CANCELLED_KEEP_MS + CANCELLED_MAX)
    expect(await inside(session, (_, state) => isEmpty(state))).toBe(true)
  })

  it('end a run nobody has answered, whoever has it; not one that is done', async () => {
    const session = newSession()
    await session.ask(round('asked', 'a'))
    await session.keep({ runId: 'kept', call: { ...round('kept').call, requestId: 8 }, frames: [] })
    const asked = await attach(session, 'asked')
    const keptRun = await attach(session, 'kept')
    await session.cancel(7)
    const [, withdrawn = '', last] = await asked.texts(3)
    expect(JSON.parse(withdrawn)).toMatchObject({ params: { requestId: 'a' } })
    expect(last).toBe(NO_ANSWER)
    expect(await session.answer('a', { result: {} })).toEqual({ status: 'unknown' })
    await session.cancel(8)
    expect(await session.emit('kept', ['answer'], true)).toBe(false)
    expect(await keptRun.texts(1)).toEqual([NO_ANSWER])
  })

  it('stores nothing for who only asks', async () => {
    const session = newSession()
    expect(await session.isCancelled(7)).toBe(false)
    expect(await inside(session, (_, state) => isEmpty(state))).toBe(true)
  })
})

describe('bounds', () => {
  it('refuses a run more than may be open', async () => {
    const session = newSession()
    for (let n = 0; n < OPEN_RUNS_MAX; n++) await session.ask(round(`run-${n}`, `q-${n}`))
    expect(await session.ask(round('one-more', 'q'))).toBe('too_many')
  })

  it('drops notifications past their share, never the answer', async () => {
    const session = newSession()
    await session.ask(round('run', 'a'))
    await session.answer('a', { result: {} })
    const half = 'x'.repeat(RUN_NOTIFICATIONS_MAX_BYTES / 2)
    await session.emit('run', [half, half, 'dropped'], false)
    await session.emit('run', ['answer'], true)
    const holder = await attach(session, 'run')
    expect((await holder.texts(4)).map((text) => text.slice(0, 10))).toEqual([
      'question a',
      'xxxxxxxxxx',
      'xxxxxxxxxx',
      'answer',
    ])
  })
})

describe('the alarm', () => {
  it('ends an unanswered run with a sentence, takes the question back, then forgets everything', async () => {
    const session = newSession()
    await session.ask(round('run', 'a'))
    const holder = await attach(session, 'run')
    await evictDurableObject(session)
    await alarmAfter(session, QUESTION_LIFETIME_MS)
    const [, cancelled = '', final = ''] = await holder.texts(3)
    expect(JSON.parse(cancelled)).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: 'a' },
    })
    expect(JSON.parse(final)).toMatchObject({
      id: 7,
      result: { isError: true, content: [{ text: expect.stringContaining('expired') as string }] },
    })
    await alarmAfter(session, QUESTION_LIFETIME_MS + FINISHED_KEEP_MS)
    expect(await inside(session, (_, state) => isEmpty(state))).toBe(true)
  })

  it('ends a run whose invocation died with an error, never with silence', async () => {
    const session = newSession()
    await session.ask(round('run', 'a'))
    await session.answer('a', { result: {} })
    const holder = await attach(session, 'run')
    await alarmAfter(session, CLAIM_LIFETIME_MS)
    const [, final = ''] = await holder.texts(2)
    expect(JSON.parse(final)).toMatchObject({ id: 7, error: { code: -32603 } })
    expect(await session.emit('run', ['late answer'], true)).toBe(false)
  })

  it('leaves an object that is empty and can be used again', async () => {
    const session = newSession()
    await session.ask(round('run', 'a'))
    await session.answer('a', { result: {} })
    await session.emit('run', ['answer'], true)
    await alarmAfter(session, FINISHED_KEEP_MS)
    expect(await inside(session, (_, state) => isEmpty(state))).toBe(true)
    expect(await session.ask(round('again', 'b'))).toBe('asked')
  })
})
