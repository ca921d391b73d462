/**
 * Gray release: who sees which revision, that nobody changes sides, and that a
 * canary that errs is taken back by itself. Real code beside real code.
 */
import { paced, promised } from '../_pace.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorOf, type Operator } from './_catalog.ts'
import { grayServer } from './_gray.ts'
import { listen } from './_listen.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { legacy, modern, send } from './_wire.ts'

const CLIENTS = 2_000
/** The Catalog tells of a burst once a second, and a list may come from a feed half a second old. */
const SOON = { timeout: paced(4_000), interval: 50 }
const PUBLIC = `policy: { visibility: 'public' }`

let platform: Platform
let operator: Operator

beforeAll(async () => {
  platform = await startPlatform({
    extraServers: {
      words: grayServer('words', `[{ tools: { greet: tool('Greets') } }]`),
      code: grayServer('code', `[{ ${PUBLIC}, tools: { greet: tool('Greets') } }]`),
      'code--canary': grayServer(
        'code',
        `[{ tools: { greet: defineTool({ description: 'Greets better', handler: fails }) } }]`,
      ),
      heard: grayServer('heard', `[{ ${PUBLIC}, tools: { greet: tool('Greets') } }]`),
    },
  })
  operator = await operatorOf(platform)
})
afterAll(() => platform.close())

const list = async (server: string, token?: string, make = modern): Promise<string | undefined> => {
  const options = token === undefined ? {} : { token }
  const wire = { path: `/${server}/mcp`, ...make('tools/list', {}, options) }
  const { message } = await send(platform.origin, wire)
  return message.result?.tools?.[0]?.description
}
const call = async (server: string, token: string, make = modern) => {
  const wire = { path: `/${server}/mcp`, ...make('tools/call', { name: 'greet' }, { token }) }
  return send(platform.origin, wire)
}

describe('a canary of words', () => {
  test(
    'is seen by 20 % ± 2 of 2,000 clients, by each of them always',
    { timeout: paced(40_000) },
    async () => {
      const url = platform.mcpUrl('words')
      const tokens = await Promise.all(
        Array.from({ length: CLIENTS }, (_, at) => mintToken(url, { client_id: `client-${at}` })),
      )
      await list('words', tokens[0])
      await operator.do('POST', '/servers/words/canary', {
        percent: 20,
        clients: ['client-named'],
        tuning: { tools: { greet: { description: 'Says hello' } } },
      })
      const named = await mintToken(url, { client_id: 'client-named' })
      await expect.poll(() => list('words', named), SOON).toBe('Says hello')
      const seen = new Map<string, string | undefined>()
      // Twenty at once: two thousand one after the other would only take longer.
      for (let at = 0; at < CLIENTS; at += 20) {
        const some = tokens.slice(at, at + 20)
        const texts = await Promise.all(some.map((token) => list('words', token)))
        for (const [index, token] of some.entries()) seen.set(token, texts[index])
      }
      const inCanary = tokens.filter((token) => seen.get(token) === 'Says hello')
      expect(inCanary.length / CLIENTS).toBeGreaterThan(0.18)
      expect(inCanary.length / CLIENTS).toBeLessThan(0.22)
      expect(new Set(seen.values())).toEqual(new Set(['Greets', 'Says hello']))
      for (const token of tokens.slice(0, 100)) {
        expect(await list('words', token, legacy)).toBe(seen.get(token))
      }
      // Both arms run: the words are of one and the same code.
      expect((await call('words', inCanary[0]!)).status).toBe(200)

      // A larger share only adds.
      await operator.do('POST', '/servers/words/canary', {
        percent: 60,
        tuning: { tools: { greet: { description: 'Says hello' } } },
      })
      await expect
        .poll(async () => {
          const now = await Promise.all(tokens.slice(0, 50).map((token) => list('words', token)))
          return now.filter((text) => text === 'Says hello').length
        }, SOON)
        .toBeGreaterThan(20)
      for (const token of inCanary.slice(0, 50))
        expect(await list('words', token)).toBe('Says hello')

      await operator.do('POST', '/servers/words/promote', {})
      const outside = tokens.find((token) => !inCanary.includes(token))
      await expect.poll(() => list('words', outside), SOON).toBe('Says hello')
      await operator.do('POST', '/servers/words/rollback', {})
      await expect.poll(() => list('words', inCanary[0]), SOON).toBe('Greets')
    },
  )
})

describe('a canary of code', () => {
  test('that errs is taken back by itself, and who did it is written down', async () => {
    const url = platform.mcpUrl('code')
    const token = await mintToken(url, { client_id: 'tester' })
    expect((await call('code', token)).message.result?.isError).toBeUndefined()
    expect(
      (await operator.ask('POST', '/servers/code/canary', { percent: 5, script: 'canary' })).status,
    ).toBe(409)
    await operator.do('POST', '/servers/code/refresh?script=canary')
    await operator.do('POST', '/servers/code/canary', {
      percent: 0,
      clients: ['tester'],
      script: 'canary',
      rollback: { maxErrorPercent: 20, minCalls: 10 },
    })
    await expect.poll(() => list('code', token), SOON).toBe('Greets better')
    expect(await list('code')).toBe('Greets')

    for (let calls = 0; calls < 12; calls++) {
      expect((await call('code', token)).message.result?.isError).toBe(true)
    }
    await expect
      .poll(() => list('code', token), { timeout: paced(7_000), interval: 250 })
      .toBe('Greets')
    expect((await call('code', token)).message.result?.isError).toBeUndefined()
    const { changes } = await operator.do('GET', '/history?server=code')
    expect(changes[0]).toMatchObject({
      by: 'automatic',
      action: 'rollback',
      note: '12 of 12 calls failed: more than 20 %',
    })
    const { usage } = await operator.do('GET', '/servers/code/usage')
    expect(usage.find(({ view }: { view: string }) => view.endsWith('@canary'))).toMatchObject({
      calls: 12,
      errors: 12,
    })
  })
})

test('a rollback reaches who listens within two seconds', async () => {
  expect(await list('heard')).toBe('Greets')
  await operator.do('PATCH', '/servers/heard/tuning', {
    patch: { tools: { greet: { description: 'Worse' } } },
  })
  await expect.poll(() => list('heard'), SOON).toBe('Worse')
  const stream = await listen(platform.mcpUrl('heard'), { toolsListChanged: true })
  await expect.poll(() => stream.messages.length, SOON).toBeGreaterThan(0)
  // What the edit itself has still to say comes before; the next word is of the rollback.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const heard = stream.messages.length
  const beganMs = Date.now()
  await operator.do('POST', '/servers/heard/rollback', {})
  await expect
    .poll(() => stream.methods().slice(heard), { timeout: paced(4_000), interval: 20 })
    .toContain('notifications/tools/list_changed')
  const tookMs = Date.now() - beganMs
  expect(await list('heard')).toBe('Greets')
  expect(tookMs).toBeLessThan(promised(2_000))
  stream.close()
})
