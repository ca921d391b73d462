/** A task (SEP-2663): durable before it is told of, final when it is over, gone after its ttl. */
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LOST_ATTEMPTS_MAX, RESPONSES_MAX_CHARS } from '../../../durable-objects/tasks/limits.ts'
import { inside, isEmpty } from './_stubs.ts'
import {
  ALICE,
  asks,
  DAY_MS,
  newTask,
  recordOf,
  says,
  seen,
  show,
  shownBy,
  started,
  startOf,
  until,
  untilStatus,
  type TaskStub,
} from './_tasks.ts'

afterEach(() => vi.useRealTimers())

const accept = (content = {}) => ({ action: 'accept', content })

describe('a task', () => {
  it('is there for whoever asks right after it was told of, and shows no result yet', async () => {
    const { taskId, stub } = newTask()
    const created = shownBy(await stub.create(taskId, startOf({ rounds: [{ hang: true }] })))
    expect(created).toEqual({
      taskId,
      status: 'working',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      lastUpdatedAt: created.createdAt,
      ttlMs: DAY_MS,
      pollIntervalMs: expect.any(Number) as number,
    })
    expect(await show(stub)).toMatchObject({ taskId, status: 'working' })
  })

  it('completes with the result of the tool, whole, astral characters across rows too', async () => {
    const text = '𝒳'.repeat(600_001)
    const { stub } = await started({ rounds: [says(text)] })
    const { result, ...task } = await untilStatus(stub, 'completed')
    expect(result?.content[0]?.text === text).toBe(true)
    expect(task).not.toHaveProperty('inputRequests')
    expect(task).not.toHaveProperty('error')
  })

  it('fails with the JSON-RPC error of the call, and nothing moves it afterwards', async () => {
    const { stub } = await started({ rounds: [{ error: { code: -32603, message: 'broke' } }] })
    const failed = await untilStatus(stub, 'failed')
    expect(failed).toMatchObject({
      error: { code: -32603, message: 'broke' },
      statusMessage: 'broke',
    })
    expect(failed).not.toHaveProperty('result')
    expect(await stub.cancel([])).toMatchObject({ status: 'ok' })
    expect(await stub.update(recordOf(), { '1:x': accept() })).toMatchObject({ status: 'ok' })
    expect(await show(stub)).toEqual(failed)
  })

  it('fails where the router refuses the attempt: who may no longer call', async () => {
    const body = { error: 'insufficient_scope', error_description: 'This call needs the scope x' }
    const { stub } = await started({ rounds: [{ status: 403, body }] })
    const { error } = await untilStatus(stub, 'failed')
    expect(error?.message).toBe('This call needs the scope x')
  })

  it('tells what the tool reports as its statusMessage', async () => {
    const progress = [{ progress: 1 }, { progress: 2, total: 4 }, { progress: 3, message: 'third' }]
    const { stub } = await started({ rounds: [{ progress, hang: true }] })
    await until(stub, ({ statusMessage }) => statusMessage === 'third')
  })

  it('created twice stays as it is: a final round sent again starts nothing', async () => {
    const { taskId, stub } = newTask()
    await stub.create(taskId, startOf({ rounds: [says('first')] }))
    await stub.create(taskId, startOf({ rounds: [says('second')] }))
    const { result } = await untilStatus(stub, 'completed')
    expect(result?.content[0]?.text).toBe('first')
    expect((await seen(taskId)).attempts).toBe(1)
  })

  it('runs as who started it, without tokens, its progress asked for by the platform', async () => {
    const { taskId, stub } = await started({ rounds: [says('done')] })
    await untilStatus(stub, 'completed')
    const [run] = (await seen(taskId)).runs
    expect(run).toMatchObject({
      server: 'jobs',
      principalRecord: { principal: ALICE, grantId: 'grant-1' },
      decision: { tool: 'work', run: { id: taskId } },
    })
    expect(run?.body.params['_meta']).toEqual({ client: 'test', progressToken: taskId })
  })
})

describe('questions', () => {
  it('move it to input_required, and their answers back, for whoever answered last', async () => {
    const { taskId, stub } = await started({ rounds: [asks(1, 'one', 'two'), says('thanks')] })
    const asked = await untilStatus(stub, 'input_required')
    const [one = '', two = ''] = Object.keys(asked.inputRequests ?? {})
    await stub.update(recordOf(), { [one]: accept({ a: 1 }), unknown: accept() })
    const partly = await show(stub)
    expect(partly.status).toBe('input_required')
    expect(Object.keys(partly.inputRequests ?? {})).toEqual([two])
    const phone = { ...recordOf(), grantId: 'grant-2' }
    await stub.update(phone, { [one]: accept({ a: 2 }), [two]: accept({ b: 3 }) })
    await untilStatus(stub, 'completed')
    const { runs } = await seen(taskId)
    expect(runs[1]?.body.params).toMatchObject({
      requestState: '1',
      inputResponses: { one: accept({ a: 1 }), two: accept({ b: 3 }) },
    })
    expect(runs[1]?.principalRecord.grantId).toBe('grant-2')
  })

  it('have keys that never come again, also when the same is asked twice', async () => {
    const { stub } = await started({ rounds: [asks(1, 'name'), asks(2, 'name'), says('ok')] })
    const first = Object.keys((await untilStatus(stub, 'input_required')).inputRequests ?? {})
    await stub.update(recordOf(), { [first[0]!]: accept() })
    const again = await until(
      stub,
      ({ inputRequests }) => inputRequests !== undefined && !(first[0]! in inputRequests),
    )
    await stub.update(recordOf(), { [first[0]!]: accept() })
    expect(await show(stub)).toEqual(again)
  })

  it('stay open for what is no answer, and for more than can be kept', async () => {
    const { stub } = await started({ rounds: [asks(1, 'name'), says('ok')] })
    const asked = await untilStatus(stub, 'input_required')
    const [key = ''] = Object.keys(asked.inputRequests ?? {})
    await stub.update(recordOf(), { [key]: 'yes' })
    await stub.update(recordOf(), { [key]: null })
    const large = { [key]: accept({ text: 'x'.repeat(RESPONSES_MAX_CHARS) }) }
    expect(await stub.update(recordOf(), large)).toEqual({ status: 'too_large' })
    expect(await show(stub)).toEqual(asked)
  })
})

describe('cancelling', () => {
  it('settles at once, and the server learns that nobody waits', async () => {
    const { taskId, stub } = await started({
      rounds: [{ progress: [{ progress: 1 }], hang: true }],
    })
    await until(stub, ({ statusMessage }) => statusMessage === '1')
    await stub.cancel([])
    expect((await show(stub)).status).toBe('cancelled')
    await until(stub, async () => (await seen(taskId)).aborted === 1)
    expect((await show(stub)).status).toBe('cancelled')
  })

  it('ends a question, and forgets arguments and answers', async () => {
    const { stub } = await started({ rounds: [asks(1, 'one', 'two')] })
    const { inputRequests } = await untilStatus(stub, 'input_required')
    const [key = ''] = Object.keys(inputRequests ?? {})
    await stub.update(recordOf(), { [key]: accept({ secret: 'x' }) })
    await stub.cancel([])
    await evictDurableObject(stub)
    expect(await show(stub)).not.toHaveProperty('inputRequests')
    const kept = await inside(stub, (_, { storage }) =>
      ['questions', 'texts'].map((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray()),
    )
    expect(kept).toEqual([[], []])
  })
})

describe('whose it is', () => {
  it('is nobody else’s: another principal, another server, another id find nothing', async () => {
    const { taskId } = await started({ rounds: [says('secret')] })
    for (const other of [newTask('other'), newTask('jobs', { ...ALICE, subject: 'mallory' })]) {
      expect(await other.stub.get([])).toEqual({ status: 'unknown' })
      expect(await other.stub.cancel([])).toEqual({ status: 'unknown' })
      expect(await other.stub.mayFollow([])).toBe(false)
      expect(await other.stub.callOf([])).toBeUndefined()
      expect(await inside(other.stub, (_, state) => isEmpty(state))).toBe(true)
    }
    expect(taskId).toMatch(/^[\w-]{22}$/)
  })

  it('is not for a token with fewer scopes than the tool needs', async () => {
    const { stub } = await started({ rounds: [says('secret')] }, { scopes: ['notes:write'] })
    const refused = { status: 'insufficient_scope', scopes: ['notes:write'] }
    expect(await stub.get([])).toEqual(refused)
    expect(await stub.cancel(['other'])).toEqual(refused)
    expect(await stub.update(recordOf(), {})).toEqual(refused)
    expect(await stub.mayFollow([])).toBe(false)
    expect(await stub.callOf([])).toBeUndefined()
    expect(await stub.callOf(['notes'])).toMatchObject({ tool: expect.any(String) as string })
    expect(await stub.get(['notes'])).toMatchObject({ status: 'ok' })
  })
})

const DUE_NOW = 'UPDATE task SET due_ms = 0 WHERE due_ms IS NOT NULL'

describe('a lost attempt', () => {
  const lost = (stub: TaskStub) =>
    inside(stub, (_, { storage }) =>
      storage.sql.exec('SELECT attempts, lost FROM task').one(),
    ).catch(() => undefined)

  it('runs again from its input where the tool allows that, and counts', async () => {
    const { taskId, stub } = await started({
      attempts: [{ cut: true }, { cut: true }, says('third')],
    })
    expect((await untilStatus(stub, 'completed')).result?.content[0]?.text).toBe('third')
    expect(await lost(stub)).toEqual({ attempts: 3, lost: 2 })
    const ids = (await seen(taskId)).runs.map(({ decision }) => decision.run.id)
    expect(ids).toEqual([taskId, taskId, taskId])
  })

  it('fails the task where it may not run twice', async () => {
    const { taskId, stub } = await started(
      { attempts: [{ cut: true }, says('never')] },
      { task: { restart: 'never', ttlMs: DAY_MS } },
    )
    const { error } = await untilStatus(stub, 'failed')
    expect(error?.message).toContain('whether it took effect is unknown')
    expect((await seen(taskId)).attempts).toBe(1)
  })

  it('is given up after some', async () => {
    const { taskId, stub } = await started({ rounds: [{ cut: true }] })
    const failed = await until(stub, async ({ status }) => {
      // The waits between grow: each turn is made due at once.
      await inside(stub, (_, { storage }) => storage.sql.exec(DUE_NOW).toArray())
      await runDurableObjectAlarm(stub)
      return status === 'failed'
    })
    expect(failed.error?.message).toContain('given up')
    expect((await seen(taskId)).attempts).toBe(LOST_ATTEMPTS_MAX)
  })

  it('is none where no server was there: nothing ran, so it is tried again whatever the tool does', async () => {
    const away = { code: -32000, message: 'The server is not deployed right now' }
    const unavailable = { status: 503, body: { jsonrpc: '2.0', id: 1, error: away } }
    const { taskId, stub } = await started(
      { attempts: [unavailable, says('there')] },
      { task: { restart: 'never', ttlMs: DAY_MS } },
    )
    expect((await untilStatus(stub, 'completed')).result?.content[0]?.text).toBe('there')
    expect((await seen(taskId)).attempts).toBe(2)
  })
})

describe('after its ttl', () => {
  it.each([['completed'], ['input_required']])(
    '%s: is unknown, and nothing is left',
    async (status) => {
      const { stub } = await started({
        rounds: [status === 'completed' ? says('x') : asks(1, 'k')],
      })
      await untilStatus(stub, status)
      vi.useFakeTimers({ now: Date.now() + DAY_MS, toFake: ['Date'] })
      expect(await stub.get([])).toEqual({ status: 'unknown' })
      expect(await stub.update(recordOf(), {})).toEqual({ status: 'unknown' })
      expect(await stub.cancel([])).toEqual({ status: 'unknown' })
      await runDurableObjectAlarm(stub)
      expect(await inside(stub, (_, state) => isEmpty(state))).toBe(true)
    },
  )

  it('ends also what works on', async () => {
    const { taskId, stub } = await started(
      { rounds: [{ hang: true }] },
      { task: { restart: 'never', ttlMs: 300 } },
    )
    await expect.poll(() => stub.get([])).toEqual({ status: 'unknown' })
    await expect.poll(async () => (await seen(taskId)).aborted).toBe(1)
    await expect.poll(() => inside(stub, (_, state) => isEmpty(state))).toBe(true)
  })
})
