/** The authors' test client answers as the router does: policy, aliases, limits, unknown names. */
import type { Policy } from '#shared/catalog/entry.ts'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { defineTool } from '#shared'
import { createTestClient } from '#shared/testing.ts'

const HIDES_WIPE: Partial<Policy> = {
  rules: [{ effect: 'deny', who: { subjects: ['ada'] }, what: { tools: ['wipe'] } }],
}

const tools = {
  add: defineTool({
    description: 'Add two numbers',
    input: z.object({ a: z.number(), b: z.number() }),
    handler: ({ a, b }) => a + b,
  }),
  wipe: defineTool({ description: 'Wipe everything', handler: () => 'wiped' }),
}

describe.each(['modern', 'legacy'] as const)('%s', (era) => {
  test('an unknown tool is named, in the words of the router', async () => {
    const client = await createTestClient({ tools }, { era })
    await expect(client.call('sub')).rejects.toMatchObject({
      code: -32602,
      message: 'Unknown tool: sub',
    })
  })

  test('what a rule hides is not listed, and answers like an unknown tool', async () => {
    const principal = { subject: 'ada' }
    const ada = await createTestClient({ tools }, { era, principal, policy: HIDES_WIPE })
    expect((await ada.listTools()).map(({ name }) => name)).toEqual(['add'])
    await expect(ada.call('wipe')).rejects.toMatchObject({ message: 'Unknown tool: wipe' })
    const other = await createTestClient({ tools }, { era, policy: HIDES_WIPE })
    expect((await other.call('wipe')).text).toBe('wiped')
  })

  test('an alias reaches its tool, and changed words are listed', async () => {
    const overrides = { aliases: { sum: 'add' }, tools: { add: { description: 'Sum up' } } }
    const client = await createTestClient({ tools }, { era, overrides })
    expect((await client.call('sum', { a: 1, b: 2 })).text).toBe('3')
    expect(await client.listTools()).toMatchObject([{ description: 'Sum up' }, {}])
  })

  test('a call over a limit is refused with the wait, and the handler does not run', async () => {
    const admitted: string[] = []
    const client = await createTestClient(
      { tools },
      {
        era,
        limiter: {
          admit({ name = '', server, principal }) {
            admitted.push(`${principal.subject} ${server} ${name}`)
            const sentence = 'Too many calls of wipe; retry in 7 s'
            return name === 'wipe' ? { waitSeconds: 7, sentence } : undefined
          },
        },
      },
    )
    expect((await client.call('add', { a: 1, b: 2 })).text).toBe('3')
    await expect(client.call('wipe')).rejects.toMatchObject({
      message: 'Too many calls of wipe; retry in 7 s',
    })
    expect(admitted).toEqual(['test-user tested add', 'test-user tested wipe'])
  })

  test('a stranger is asked to sign in to a private server', async () => {
    const principal = { subject: 'anonymous', clientId: 'anonymous' }
    const connect = () => createTestClient({ tools }, { era, principal })
    const called = connect().then((client) => client.call('wipe'))
    await expect(called).rejects.toThrow()
    const visible = { principal, policy: { visibility: 'public' } } as const
    const client = await createTestClient({ tools }, { era, ...visible })
    expect((await client.call('wipe')).text).toBe('wiped')
  })
})
