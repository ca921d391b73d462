/** The authors' test client: what it shows is what a client of each era would see. */
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { definePrompt, defineResource, defineServer, defineTool, ToolError } from '#shared'
import { createTestClient, type Progress, type TestQuestion } from '#shared/testing.ts'

const greet = defineTool({
  description: 'Greet',
  input: z.object({ name: z.string() }),
  output: z.object({ greeting: z.string() }),
  handler: ({ name }, { principal }) => ({ greeting: `${name} from ${principal.subject}` }),
})
const count = defineTool({
  description: 'Count',
  input: z.object({ to: z.int() }),
  async handler({ to }, { progress, log }) {
    log('info', { to })
    for (let step = 1; step <= to; step++) await progress(step, to, `step ${step}`)
    return 'counted'
  },
})
const purge = defineTool({
  description: 'Purge after two questions',
  scopes: ['notes:write'],
  async handler(_args, { elicit }) {
    const form = z.object({ sure: z.boolean() })
    const first = await elicit('sure', 'Sure?', form)
    if (first.action !== 'accept' || !first.content.sure) return 'kept'
    const second = await elicit('really', 'Really?', form)
    return second.action === 'accept' ? 'purged' : `kept: ${second.action}`
  },
})
const fails = defineTool({
  description: 'Fail',
  handler() {
    throw new ToolError('No notes.', { code: 'empty', hint: 'Write one.', retryAfterMs: 2000 })
  },
})
const crashes = defineTool({
  description: 'Crash',
  handler() {
    throw new Error('secret of the author')
  },
})
const binding = defineTool({
  description: 'Read a binding',
  handler: (_args, { env }) => (env as unknown as { GREETING: string }).GREETING,
})
const waits = defineTool({
  description: 'Wait until the client leaves',
  async handler(_args, { signal, progress }) {
    await progress(1)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  },
})
const library = defineServer({
  prompts: {
    welcome: definePrompt({
      description: 'Welcome a reader',
      input: z.object({ name: z.string() }),
      handler: ({ name }) => `Welcome ${name}`,
    }),
    audit: definePrompt({ description: 'Audit', scopes: ['audit'], handler: () => 'Audited' }),
  },
  resources: {
    book: defineResource({
      uri: 'book://{isbn}',
      description: 'A book',
      list: ({ principal }) => [{ uri: 'book://1', name: `of ${principal.subject}` }],
      read: ({ isbn }) => `Book ${isbn}`,
    }),
  },
})
const thinks = defineTool({
  description: "Ask the client's model about its roots",
  async handler(_args, { sample, roots }) {
    const [root] = await roots()
    const text = `What is in ${root?.uri}?`
    const said = await sample('think', {
      messages: [{ role: 'user', content: { type: 'text', text } }],
      maxTokens: 10,
    })
    return said.content
  },
})
const tools = { thinks, greet, count, purge, fails, crashes, binding, waits }
const accept = { action: 'accept', content: { sure: true } } as const

describe.each(['modern', 'legacy'] as const)('a client of the %s era', (era) => {
  test('shows the answer, structured and as text, of who it says it is', async () => {
    const client = await createTestClient({ tools }, { era, principal: { subject: 'ada' } })
    const answer = await client.call('greet', { name: 'Hello' })
    expect(answer.structured).toEqual({ greeting: 'Hello from ada' })
    expect(JSON.parse(answer.text)).toEqual(answer.structured)
    expect(answer).toMatchObject({ isError: false, error: undefined, progress: [] })
  })

  test('takes what server.ts exports, and lists its tools', async () => {
    const client = await createTestClient(defineServer({ title: 'Notes', tools }), { era })
    const listed = await client.listTools()
    expect(listed.map(({ name }) => name)).toEqual(Object.keys(tools))
  })

  test('observes progress, as it comes and in the end', async () => {
    const client = await createTestClient({ tools }, { era })
    const live: Progress[] = []
    const options = { onProgress: (progress: Progress) => live.push(progress) }
    const answer = await client.call('count', { to: 3 }, options)
    expect(answer.text).toBe('counted')
    expect(answer.progress.at(-1)).toEqual({ progress: 3, total: 3, message: 'step 3' })
    expect(live).toEqual(answer.progress)
  })

  test('answers questions by a function, round after round', async () => {
    const asked: TestQuestion[] = []
    const elicit = (question: TestQuestion) => {
      asked.push(question)
      return accept
    }
    const client = await createTestClient({ tools }, { era, elicit, scopes: ['notes:write'] })
    expect((await client.call('purge')).text).toBe('purged')
    expect(asked.map(({ message }) => message)).toEqual(['Sure?', 'Really?'])
    expect(asked[0]?.schema?.properties).toHaveProperty('sure')
  })

  test('may say no', async () => {
    const elicit = ({ message }: TestQuestion) =>
      message === 'Sure?' ? accept : ({ action: 'decline' } as const)
    const client = await createTestClient({ tools }, { era, elicit, scopes: ['notes:write'] })
    expect((await client.call('purge')).text).toBe('kept: decline')
  })

  test('is refused without the scope a tool needs', async () => {
    const client = await createTestClient({ tools }, { era, scopes: ['notes:read'] })
    await expect(client.call('purge')).rejects.toMatchObject({
      name: 'CallRefused',
      status: 403,
      code: 'insufficient_scope',
    })
  })

  test('shows a ToolError whole, and nothing of any other failure', async () => {
    const client = await createTestClient({ tools }, { era })
    expect(await client.call('fails')).toMatchObject({
      isError: true,
      text: 'No notes.\nWrite one.\nRetry in 2 s.',
      error: { code: 'empty', hint: 'Write one.', retryAfterMs: 2000 },
    })
    const { isError, text } = await client.call('crashes')
    expect(isError).toBe(true)
    expect(text).toMatch(/^Internal error \(ref \w+\)$/)
  })

  test("answers for the client's model, and names its roots", async () => {
    const client = await createTestClient(
      { tools },
      {
        era,
        roots: [{ uri: 'file:///home' }],
        sample: ({ messages: [first] }) => ({
          role: 'assistant',
          model: 'm',
          content: { type: 'text', text: `Asked: ${JSON.stringify(first?.content)}` },
        }),
      },
    )
    expect((await client.call('thinks')).text).toContain('What is in file:///home?')
  })

  test('gets prompts, reads resources, and lists both', async () => {
    const client = await createTestClient(library, { era, principal: { subject: 'ada' } })
    const { text, messages } = await client.getPrompt('welcome', { name: 'Ada' })
    expect(text).toBe('Welcome Ada')
    expect(messages).toHaveLength(1)
    const book = await client.readResource('book://7')
    expect(book).toMatchObject({ text: 'Book 7', contents: [{ uri: 'book://7' }] })
    expect(await client.list('prompts')).toMatchObject([{ name: 'welcome' }, { name: 'audit' }])
    expect(await client.list('resources')).toMatchObject([{ name: 'of ada' }])
    expect(await client.list('resourceTemplates')).toMatchObject([{ name: 'book' }])
    await expect(client.getPrompt('audit')).rejects.toMatchObject({ status: 403 })
    // 2025-11-25 server/resources has a code of its own for this.
    const code = era === 'legacy' ? -32002 : -32602
    await expect(client.readResource('shelf://1')).rejects.toMatchObject({ code })
  })

  test('gives the tools the bindings of the test', async () => {
    const client = await createTestClient({ tools }, { era, env: { GREETING: 'hi' } })
    expect((await client.call('binding')).text).toBe('hi')
  })
})

test('a client that goes away aborts the signal (2026-07-28: disconnecting cancels)', async () => {
  const client = await createTestClient({ tools })
  const leaving = new AbortController()
  const options = { signal: leaving.signal, onProgress: () => leaving.abort() }
  expect(await client.call('waits', {}, options)).toMatchObject({ isError: true })
})

test('log messages are collected where the era has them', async () => {
  const client = await createTestClient({ tools })
  const { logs } = await client.call('count', { to: 1 })
  expect(logs).toEqual([{ level: 'info', data: { to: 1 } }])
})

test('without a function that answers, the client cannot be asked', async () => {
  const modern = await createTestClient({ tools }, { scopes: ['notes:write'] })
  await expect(modern.call('purge')).rejects.toMatchObject({ code: -32021 })
  const legacy = await createTestClient({ tools }, { era: 'legacy', scopes: ['notes:write'] })
  expect(await legacy.call('purge')).toMatchObject({
    isError: true,
    text: 'Client does not support form elicitation.',
  })
})

test('a server that could not be built cannot be tested either', async () => {
  const server = { tools: { 'two words': greet } }
  await expect(createTestClient(server)).rejects.toThrow('Tool "two words"')
})
