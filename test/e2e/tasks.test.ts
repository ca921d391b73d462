/** Tasks of 2026-07-28 clients (SEP-2663) through the whole platform: whose they are, and what ends them. */
import { paced } from '../_pace.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { taskObjectName, type Task } from '#shared/contracts/tasks.ts'
import type { Rpc } from '#shared/contracts/entrypoints.ts'
import { listen } from './_listen.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { modernSdk } from './_sdk.ts'
import {
  answersTo,
  clientWith,
  connectTasks,
  DECLARED,
  isAsking,
  isOver,
  TASKS,
  type TaskClient,
} from './_tasks.ts'
import { legacy, send } from './_wire.ts'

let platform: Platform
let alice: TaskClient
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/jobs'] })
  alice = await connectTasks(platform.mcpUrl('jobs'), { scope: 'jobs:run', gid: 'grant-of-alice' })
})
afterAll(() => platform.close())

const WORK = { steps: 3, mark: 'x' }
const recorded = async () =>
  (await alice.request('tools/call', { name: 'recorded' })).message.result?.content?.[0]?.text ?? ''

describe('a tool that may be a task', () => {
  test('is one for a client that declares the extension: made, told of, done, by once’s receipt', async () => {
    const made = await alice.start('work', WORK)
    expect(made).not.toHaveProperty('result')
    const done = await alice.until(made.taskId, isOver)
    expect(done).toMatchObject({ resultType: 'complete', status: 'completed', taskId: made.taskId })
    const { receipt, who } = JSON.parse(done.result?.content[0]?.text ?? '') as Record<
      string,
      string
    >
    expect(receipt).toMatch(/^x-/)
    expect(who).toBe('alice')
  })

  test('is an ordinary call for one that does not: no object is made', async () => {
    const objects = () => platform.worker('mcp-edge-objects').listDurableObjectIds('TaskObject')
    const before = (await objects()).length
    const { message } = await alice.request('tools/call', { name: 'work', arguments: WORK }, {})
    expect(message.result).toMatchObject({ resultType: 'complete' })
    expect((await objects()).length).toBe(before)
  })

  test('is listed in server/discover as an extension, never as capabilities.tasks', async () => {
    const { result } = (await alice.request('server/discover', {})).message
    expect(result?.['capabilities']).toMatchObject({ extensions: { [TASKS]: {} } })
    expect(result?.['capabilities']).not.toHaveProperty('tasks')
  })
})

test('a tool that must be one answers −32021 to a client that does not declare it', async () => {
  const args = { name: 'order', arguments: { item: 'tea' } }
  const { status, message } = await alice.request('tools/call', args, { elicitation: {} })
  expect([status, message.error?.code]).toEqual([400, -32021])
  expect(message.error?.data).toEqual({ requiredCapabilities: { extensions: { [TASKS]: {} } } })
})

test('a token without the tool’s scope begins no task, in either era, whatever the client declares', async () => {
  const objects = () => platform.worker('mcp-edge-objects').listDurableObjectIds('TaskObject')
  const before = (await objects()).length
  const less = await connectTasks(alice.url, {})
  const args = { name: 'work', arguments: WORK }
  const answers = [
    await less.request('tools/call', args),
    await less.request('tools/call', args, {}),
    await send(less.url.origin, {
      path: less.url.pathname,
      ...legacy('tools/call', args, { token: less.token }),
    }),
  ]
  for (const { status, message } of answers) {
    expect([status, message.error]).toEqual([403, 'insufficient_scope'])
  }
  expect((await objects()).length).toBe(before)
})

test('the official SDK 2.x, which has no tasks, calls what may be one and is told where it must be', async () => {
  const sdk = await modernSdk.connect(platform.mcpUrl('conformance'))
  const { text } = await sdk.call('slow_compute', { seconds: 1, label: 'sdk' })
  expect(text).toBe('sdk: computed for 1 s')
  await expect(sdk.call('failing_job', {})).rejects.toMatchObject({ code: -32021 })
  await sdk.close()
})

test.each([
  ['tasks/list', {}, -32601],
  ['tasks/result', { taskId: 'a'.repeat(22) }, -32601],
  ['tasks/get', { taskId: 'a'.repeat(22) }, -32602],
  ['tasks/get', { taskId: 'no id of ours' }, -32602],
  ['tasks/get', {}, -32602],
  ['tasks/cancel', { taskId: 'a'.repeat(22) }, -32602],
  ['tasks/update', { taskId: 'a'.repeat(22), inputResponses: {} }, -32602],
  ['tasks/update', { taskId: 'a'.repeat(22), inputResponses: [] }, -32602],
])('%s %j answers %i', async (method, params, code) => {
  expect((await alice.request(method, params)).message.error?.code).toBe(code)
})

test.each(['tasks/get', 'tasks/update', 'tasks/cancel'])(
  '%s asks for the extension, and does not exist where no tool is a task',
  async (method) => {
    const params = { taskId: 'a'.repeat(22), inputResponses: {} }
    expect((await alice.request(method, params, {})).message.error?.code).toBe(-32021)
    const clock = await connectTasks(platform.mcpUrl('clock'))
    expect((await clock.request(method, params)).message.error?.code).toBe(-32601)
  },
)

describe('a task is its owner’s', () => {
  test('to everybody else it is not there: another person, another server, a stranger', async () => {
    const { taskId } = await alice.start('order', { item: 'tea' })
    const bob = await connectTasks(alice.url, { sub: 'bob', scope: 'jobs:run' })
    const elsewhere = await connectTasks(platform.mcpUrl('conformance'), { scope: 'jobs:run' })
    for (const other of [bob, elsewhere, clientWith(platform.mcpUrl('conformance'), undefined)]) {
      for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
        const { message } = await other.request(method, { taskId, inputResponses: {} })
        expect(message.error).toMatchObject({ code: -32602, message: 'Task not found' })
      }
    }
    expect((await clientWith(alice.url, undefined).request('tasks/get', { taskId })).status).toBe(
      401,
    )
    await alice.until(taskId, isAsking)
  })

  test('with a token that could not start it, it says which scope is missing', async () => {
    const { taskId } = await alice.start('work', WORK)
    const less = await connectTasks(alice.url, {})
    const { status, message } = await less.request('tasks/get', { taskId })
    expect([status, message.error]).toEqual([403, 'insufficient_scope'])
  })

  test('a stranger’s on a public server hangs on its id alone', async () => {
    const url = platform.mcpUrl('conformance')
    const { taskId } = await clientWith(url, undefined).start('slow_compute', { seconds: 0 })
    await clientWith(url, undefined).until(taskId, isOver)
    const signedIn = await connectTasks(url)
    expect((await signedIn.request('tasks/get', { taskId })).message.error?.code).toBe(-32602)
  })
})

test('cancelling settles, and the handler’s signal aborts', async () => {
  const { taskId } = await alice.start('work', { steps: 600, mark: 'cancelled' })
  await alice.until(taskId, ({ statusMessage }) => statusMessage !== undefined)
  const { message } = await alice.request('tasks/cancel', { taskId })
  expect(message.result).toEqual({ resultType: 'complete' })
  expect((await alice.get(taskId)).status).toBe('cancelled')
  await expect.poll(recorded, { timeout: paced(7_000) }).toContain('stopped:cancelled')
  expect((await alice.get(taskId)).status).toBe('cancelled')
})

test('questions before the task are ordinary rounds; a final round sent twice is one task', async () => {
  const stranger = clientWith(platform.mcpUrl('conformance'), undefined)
  const call = (more: object) =>
    stranger.request('tools/call', { name: 'test_tool_with_task', arguments: {}, ...more })
  const asked = (await call({})).message.result
  expect(asked).toMatchObject({ resultType: 'input_required' })
  const answered = {
    requestState: asked?.['requestState'],
    inputResponses: { user_name: { action: 'accept', content: { name: 'Ada' } } },
  }
  const made = [await call(answered), await call(answered)].map(({ message }) => message.result)
  expect(made[0]).toMatchObject({ resultType: 'task' })
  expect(made[1]?.['taskId']).toBe(made[0]?.['taskId'])
  const done = await stranger.until(String(made[0]?.['taskId']), isOver)
  expect(done.result?.content[0]?.text).toBe('Done for Ada')
})

describe('every attempt is decided on anew', () => {
  const objectOf = async (taskId: string) => {
    const { TASK } = (await platform.worker('mcp-edge-router').getEnv()) as {
      TASK: DurableObjectNamespace
    }
    const name = taskObjectName({ tenant: 'default', subject: 'alice' }, 'jobs', taskId)
    return TASK.getByName(name) as unknown as Rpc<Task>
  }

  /** As an update that was on its way when the permission ended. */
  async function goOn(taskId: string, grantId: string, ageSeconds = 0) {
    const task = await alice.until(taskId, isAsking)
    const record = {
      principal: { subject: 'alice', tenant: 'default', clientId: 'c', scopes: ['jobs:run'] },
      grantId,
      provenAtSeconds: Math.floor(Date.now() / 1000) - ageSeconds,
    }
    await (await objectOf(taskId)).update(record, answersTo(task, { sure: true }))
    return alice.until(taskId, isOver)
  }

  test('a grant revoked meanwhile fails the next round, and the tool does not run', async () => {
    const { taskId } = await alice.start('order', { item: 'revoked' })
    await alice.until(taskId, isAsking)
    const { FEED } = (await platform.worker('mcp-edge-objects').getEnv()) as {
      FEED: DurableObjectNamespace
    }
    const feed = FEED.getByName('feed') as unknown as {
      revokeGrant(grantId: string, untilSeconds: number): Promise<void>
    }
    await feed.revokeGrant('revoked-grant', Math.floor(Date.now() / 1000) + 3600)
    const { error, status } = await goOn(taskId, 'revoked-grant')
    expect(status).toBe('failed')
    expect(error?.message).toContain('revoked')
    expect(await recorded()).not.toContain('order:revoked')
  })

  test('so does a record so old that a revocation could be forgotten', async () => {
    const { taskId } = await alice.start('order', { item: 'old' })
    const { error } = await goOn(taskId, 'grant-of-alice', 13 * 3600)
    expect(error?.message).toContain('too old')
  })

  test('a record that still counts goes on', async () => {
    const { taskId } = await alice.start('order', { item: 'fine' })
    expect((await goOn(taskId, 'grant-of-alice')).result?.content[0]?.text).toBe('ordered fine')
  })
})

test('no public route reaches the router’s Internal entrypoint', async () => {
  const run = { server: 'clock', principalRecord: {}, decision: {}, body: '{}' }
  for (const path of ['/run', '/internal', '/Internal', '/internal/mcp']) {
    const headers = { host: 'router.internal', 'x-mcp-edge-entrypoint': 'Internal' }
    const response = await fetch(new URL(path, platform.origin), {
      method: 'POST',
      headers,
      body: JSON.stringify(run),
    })
    expect(response.status, path).toBeGreaterThanOrEqual(400)
  }
})

test('listeners are told every state of their own tasks, and of nobody else’s', async () => {
  const { taskId } = await alice.start('order', { item: 'heard' })
  const asking = await alice.until(taskId, isAsking)
  const meta = { 'io.modelcontextprotocol/clientCapabilities': DECLARED }
  const token = alice.token ?? ''
  const mine = await listen(alice.url, { taskIds: [taskId, 'a'.repeat(22)] }, { token, meta })
  const bob = await connectTasks(alice.url, { sub: 'bob', scope: 'jobs:run' })
  const his = await listen(alice.url, { taskIds: [taskId] }, { token: bob.token ?? '', meta })
  const unscoped = await connectTasks(alice.url, {})
  await expect.poll(() => mine.messages.length).toBeGreaterThan(0)
  expect(mine.messages[0]?.params?.['notifications']).toEqual({ taskIds: [taskId] })
  await expect.poll(() => his.messages.length).toBeGreaterThan(0)
  expect(his.messages[0]?.params?.['notifications']).toEqual({})
  await unscoped.request('tasks/update', {
    taskId,
    inputResponses: answersTo(asking, { sure: true }),
  })
  const states = () => mine.messages.slice(1).map(({ params }) => params?.['status'])
  await expect.poll(() => states().at(-1), { timeout: paced(5_000) }).toBe('completed')
  expect(states()).toContain('working')
  expect(mine.messages.at(-1)).toMatchObject({
    method: 'notifications/tasks',
    params: { taskId, result: { content: [{ text: 'ordered heard' }] } },
  })
  expect(his.messages).toHaveLength(1)
  mine.close()
  his.close()
})
