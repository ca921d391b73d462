/**
 * Tasks whatever happens between two steps: the object evicted, its sockets cut, or
 * workerd ended and started again on the same storage. The client notices nothing, or
 * gets exactly what its author chose for an attempt that was lost.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { interrupt, INTERRUPTIONS, restart, type Interruption } from './_restart.ts'
import { answersTo, connectTasks, isAsking, isOver, type TaskClient } from './_tasks.ts'

let platform: Platform
let alice: TaskClient
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/jobs'] })
  alice = await connectTasks(platform.mcpUrl('jobs'), { scope: 'jobs:run' })
})
afterAll(() => platform.close())

describe.each(INTERRUPTIONS)('%s between every two steps', (how: Interruption) => {
  const between = () => interrupt(platform, how, ['TaskObject'])

  test('input_required and completed are as they were; the tool runs once for one consent', async () => {
    const item = `tea, ${how}`
    const { taskId } = await alice.start('order', { item })
    const asking = await alice.until(taskId, isAsking)
    await between()
    expect(await alice.get(taskId)).toEqual(asking)
    await between()
    const answers = answersTo(asking, { sure: true })
    await alice.request('tasks/update', { taskId, inputResponses: answers })
    const done = await alice.until(taskId, isOver)
    expect(done.result?.content[0]?.text).toBe(`ordered ${item}`)
    await between()
    expect(await alice.get(taskId)).toEqual(done)
    await alice.request('tasks/update', { taskId, inputResponses: answers })
    await alice.request('tasks/cancel', { taskId })
    await between()
    expect(await alice.get(taskId)).toEqual(done)
  })
})

describe('workerd ends while an attempt runs', () => {
  test('it runs again from its input where the author allows it, and steps once taken stay taken', async () => {
    const { taskId } = await alice.start('work', { steps: 30, mark: 'killed' })
    await alice.until(taskId, ({ statusMessage }) => statusMessage !== undefined)
    await restart(platform)
    expect((await alice.get(taskId)).status).toBe('working')
    const done = await alice.until(taskId, isOver)
    expect(done).toMatchObject({ status: 'completed', result: { content: [{ type: 'text' }] } })
  })

  test('it fails where the author does not', async () => {
    const { taskId } = await alice.start('order', { item: 'killed', steps: 600 })
    const asking = await alice.until(taskId, isAsking)
    const inputResponses = answersTo(asking, { sure: true })
    await alice.request('tasks/update', { taskId, inputResponses })
    await alice.until(taskId, ({ statusMessage }) => statusMessage === 'ordering')
    await restart(platform)
    const { status, error } = await alice.until(taskId, isOver)
    expect(status).toBe('failed')
    expect(error?.message).toContain('whether it took effect is unknown')
  })
})
