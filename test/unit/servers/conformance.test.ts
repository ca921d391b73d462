import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Server } from '#shared'
import { createTestClient, testServer } from '#shared/testing.ts'
import { readServerSource } from '../../../scripts/gen/sources.ts'
import { ROOT } from '../../../scripts/root.ts'

const source = readServerSource(join(ROOT, 'workers'), 'conformance')
const { default: server } = (await import(source.handWritten ?? '')) as { default: Server }

testServer(server)

test.each(['modern', 'legacy'] as const)('%s: a question, its answer, and the end', async (era) => {
  const elicit = () =>
    ({ action: 'accept', content: { username: 'ada', email: 'a@b.example' } }) as const
  const client = await createTestClient(server, { era, elicit })
  const { text } = await client.call('test_elicitation', { message: 'Who are you?' })
  expect(text).toContain('ada')
})
