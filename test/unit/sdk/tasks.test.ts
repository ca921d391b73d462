/** Tools with `task` in the authors' test client, in both eras. */
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { defineTool, ToolError } from '#shared'
import { createTestClient, type Progress } from '#shared/testing.ts'

const charged: string[] = []
const order = defineTool({
  description: 'Order',
  task: 'required',
  restart: 'fromInput',
  input: z.object({ item: z.string() }),
  async handler({ item }, { elicit, once, progress }) {
    const answer = await elicit('sure', `Order ${item}?`, z.object({ sure: z.boolean() }))
    if (answer.action !== 'accept' || !answer.content.sure) return 'not ordered'
    await progress(1, 2, 'ordering')
    const receipt = await once('charge', () => `receipt ${charged.push(item)}`)
    return `ordered ${item}, ${receipt}`
  },
})
const begins = defineTool({
  description: 'Ask, then go on as a task',
  task: 'optional',
  restart: 'never',
  beginsInCall: true,
  async handler(_args, { elicit, task }) {
    const answer = await elicit('name', 'Who?', z.object({ name: z.string() }))
    await task()
    return answer.action === 'accept' ? answer.content.name : 'nobody'
  },
})
const fails = defineTool({
  description: 'Fail',
  task: 'required',
  restart: 'never',
  input: z.object({ how: z.enum(['foreseen', 'not']) }),
  handler({ how }) {
    throw how === 'foreseen' ? new ToolError('No stock.') : new Error('secret')
  },
})
const tools = { order, begins, fails }

describe.each(['modern', 'legacy'] as const)('%s: a tool with task', (era) => {
  test('asks, reports and answers like any other', async () => {
    const progress: Progress[] = []
    const elicit = () => ({ action: 'accept', content: { sure: true } }) as const
    const client = await createTestClient({ tools }, { era, elicit })
    const { text } = await client.call(
      'order',
      { item: `tea for ${era}` },
      { onProgress: (one) => progress.push(one) },
    )
    expect(text).toMatch(`ordered tea for ${era}, receipt`)
    expect(charged.filter((item) => item === `tea for ${era}`)).toHaveLength(1)
    expect(progress.at(-1)).toMatchObject({ message: 'ordering' })
  })

  test('that begins in the call goes on where it says so', async () => {
    const elicit = () => ({ action: 'accept', content: { name: 'Ada' } }) as const
    const client = await createTestClient({ tools }, { era, elicit })
    expect((await client.call('begins')).text).toBe('Ada')
  })

  test('fails with what it says itself, and is refused for what nobody foresaw', async () => {
    const client = await createTestClient({ tools }, { era })
    expect(await client.call('fails', { how: 'foreseen' })).toMatchObject({
      isError: true,
      text: 'No stock.',
    })
    await expect(client.call('fails', { how: 'not' })).rejects.toMatchObject({ code: -32603 })
  })
})
