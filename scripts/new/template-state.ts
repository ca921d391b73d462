/** `--template state`: what a server writes that keeps something between calls, behind a handle. */

export const COUNT = `\
import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Count up. Without a handle a new count begins; use its handle from then on.',
  input: z.object({
    handle: z.string().optional().describe('Of a count that has begun'),
    by: z.number().int().default(1),
  }),
  output: z.object({ handle: z.string(), count: z.number() }),
  async handler({ handle, by }, { state }) {
    const counter = await state<{ count: number }>(handle)
    const count = await counter.update('count', (current = 0) => current + by)
    return { handle: counter.handle, count }
  },
})
`

export const stateTest = (name: string): string => `\
import { expect, test } from 'vitest'
import { createTestClient, testServer } from '#shared/testing.ts'
import count from '../../../workers/${name}/tools/count.ts'

const server = { tools: { count } }
testServer(server)

test('goes on counting behind the handle, for whoever began', async () => {
  const client = await createTestClient(server)
  const { handle } = (await client.call('count')).structured as { handle: string }
  expect((await client.call('count', { handle, by: 2 })).structured).toEqual({ handle, count: 3 })

  const other = await createTestClient(server, { principal: { subject: 'somebody-else' } })
  expect((await other.call('count', { handle })).error).toMatchObject({ code: 'unknown_handle' })
})
`
