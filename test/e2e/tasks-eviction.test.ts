/**
 * Tasks whatever happens between two steps: the object evicted, its sockets cut, or
 * workerd ended and started again on the same storage. The client notices nothing, or
 * gets exactly what the author chose for an attempt that was lost.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { interrupt, INTERRUPTIONS, restart } from './_restart.ts'
import { answersTo, connectTasks, isAsking, isOver, type TaskClient } from './_tasks.ts'

/** A restart of all Workers takes seconds, many on a loaded machine. */
const RESTARTS_TIMEOUT_MS = 240_000

let platform: Platform
let alice: TaskClient
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/jobs'] })
  alice = await connectTasks(platform.mcpUrl('jobs'), { scope: 'jobs:run' })
})
afterAll(() => platform.close())

test.each(INTERRUPTIONS)(
  '%s between asking, answered and completed: all is as it was, and the tool runs once for one consent',
  { timeout: RESTARTS_TIMEOUT_MS },
  async (how) => {
    const between = () => interrupt(platform, how, ['TaskObject'])
    const item = `tea, ${how}`
    const { taskId } = await alice.start('order', { item })
    const asking = await alice.until(taskId, isAsking)
    await between()
    expect(await alice.get(taskId)).toEqual(asking)
    const inputResponses = answersTo(asking, { sure: true })
    await alice.request('tasks/update', { taskId, inputResponses })
    const done = await alice.until(taskId, isOver)
    expect(done.result?.content[0]?.text).toBe(`ordered ${item}`)
    await between()
    await alice.request('tasks/update', { taskId, inputResponses })
    await alice.request('tasks/cancel', { taskId })
    expect(await alice.get(taskId)).toEqual(done)
  },
)

test(
  'workerd ends while attempts run: each goes on or fails as its author said',
  { timeout: RESTARTS_TIMEOUT_MS },
  async () => {
    const again = await alice.start('work', { steps: 30, mark: 'killed' })
    const never = await alice.start('order', { item: 'killed', steps: 600 })
    const asking = await alice.until(never.taskId, isAsking)
    const inputResponses = answersTo(asking, { sure: true })
    await alice.request('tasks/update', { taskId: never.taskId, inputResponses })
    await alice.until(never.taskId, ({ statusMessage }) => statusMessage === 'ordering')
    await restart(platform)
    const failed = await alice.until(never.taskId, isOver)
    expect(failed.error?.message).toContain('whether it took effect is unknown')
    expect(await alice.until(again.taskId, isOver)).toMatchObject({
      status: 'completed',
      result: { content: [{ type: 'text' }] },
    })
  },
)
