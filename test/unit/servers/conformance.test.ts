import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Tool } from '#shared'
import { createTestClient, testServer } from '#shared/testing.ts'
import { readServerSource } from '../../../scripts/gen/sources.ts'
import { ROOT } from '../../../scripts/root.ts'

const source = readServerSource(join(ROOT, 'workers'), 'conformance')
const load = async ({ name, path }: { name: string; path: string }): Promise<[string, Tool]> => {
  const { default: tool } = (await import(path)) as { default: Tool }
  return [name, tool]
}
const server = { tools: Object.fromEntries(await Promise.all(source.tools.map(load))) }

testServer(server)

test.each(['modern', 'legacy'] as const)('%s: a question, its answer, and the end', async (era) => {
  const elicit = () =>
    ({ action: 'accept', content: { username: 'ada', email: 'a@b.example' } }) as const
  const client = await createTestClient(server, { era, elicit })
  const { text } = await client.call('test_elicitation', { message: 'Who are you?' })
  expect(text).toContain('ada')
})
