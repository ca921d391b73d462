/** An author tests a tool that acts as its user elsewhere, without the elsewhere. */
import { expect, test } from 'vitest'
import { defineTool } from '#shared'
import { createTestClient } from '#shared/testing.ts'

const tools = {
  mine: defineTool({
    description: 'Asks the forge.',
    annotations: { readOnlyHint: true },
    async handler(_, context) {
      const forge = await context.connection('forge')
      const answer = await forge.fetch('https://forge.example/me', { method: 'POST', body: 'x' })
      return answer.json() as Promise<object>
    },
  }),
}

test.each(['modern', 'legacy'] as const)('%s: a linked account answers', async (era) => {
  const forge = async (request: Request) =>
    Response.json([request.method, request.url, await request.text()])
  const client = await createTestClient({ tools }, { era, connections: { forge } })
  const { text } = await client.call('mine')
  expect(JSON.parse(text)).toEqual(['POST', 'https://forge.example/me', 'x'])
})

test('without one the model is told what the user must do', async () => {
  const client = await createTestClient({ tools })
  const { isError, text } = await client.call('mine')
  expect(isError).toBe(true)
  expect(text).toContain('/oauth/connections/forge')
})
