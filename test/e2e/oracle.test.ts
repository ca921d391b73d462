/**
 * The same requests, of both eras, valid and broken, every method, to the platform
 * (router, bridge and engine) and to the official SDK's own server: answers agree, or
 * the difference is on the list.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DIFFERENCES, type Answer, type Sent } from './_oracle-differences.ts'
import { wireRequests, type WireRequest } from './_oracle-requests.ts'
import { oracle } from './_oracle-twin.ts'
import { startPlatform, type Platform } from './_platform.ts'

/** Some three milliseconds each. `npm run test:long` sends ten times as many. */
const REQUESTS = process.env['TEST_LONG'] ? 20_000 : 2_000
const TIMEOUT_MS = 600_000
/** Of what disagrees, in the failure. */
const SHOWN = 5

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/twin'] })
})
afterAll(() => platform.close())

/** Members in one order; the words of a problem left out. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([name]) => name !== 'problem')
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, canonical(member)]))
}

interface Message {
  id?: unknown
  result?: Record<string, unknown>
  error?: { code: number; data?: unknown }
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
  const lines = isStream ? text.split('\n').filter((line) => line.startsWith('data: {')) : [text]
  const messages = lines
    .filter(Boolean)
    .map((line) => JSON.parse(line.replace(/^data: /, '')) as Message)
  const { id, result, error } = messages.at(-1) ?? {}
  // What a model reads of a failure is each server's own.
  const told = result?.['isError'] === true ? { ...result, content: ['…'] } : result
  const answer = { status: response.status, messages: messages.length, id }
  return canonical({ ...answer, code: error?.code, data: error?.data, result: told }) as Answer
}

function read(request: WireRequest): Sent {
  const body = JSON.parse(request.body) as { method?: unknown; params?: unknown } | null
  const params = body?.params
  const isObject = typeof params === 'object' && params !== null
  return { ...request, method: body?.method, params: isObject ? { ...params } : {} }
}

const sample = fc.sample(wireRequests, { numRuns: REQUESTS, seed: 20261121 })

test(
  'the platform answers as the official SDK’s server, but for what is listed',
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    const url = platform.mcpUrl('twin')
    const used = new Map<string, number>()
    const unexplained: string[] = []
    let agreed = 0
    for (const request of sample) {
      const init = { method: 'POST', headers: request.headers, body: request.body }
      const ours = await answerOf(await fetch(url, init))
      const theirs = await answerOf(await oracle.fetch(new Request('http://localhost/mcp', init)))
      if (JSON.stringify(ours) === JSON.stringify(theirs)) {
        agreed++
        continue
      }
      const difference = DIFFERENCES.find(({ explains }) => explains(read(request), ours, theirs))
      if (difference) used.set(difference.reason, (used.get(difference.reason) ?? 0) + 1)
      else unexplained.push([request, ours, theirs].map((part) => JSON.stringify(part)).join('\n'))
    }
    expect(unexplained.slice(0, SHOWN)).toEqual([])
    // A difference that no longer occurs is none (rare ones need many requests); most simply agree.
    expect(DIFFERENCES.map(({ reason }) => reason).filter((reason) => !used.has(reason))).toEqual(
      [],
    )
    expect(agreed).toBeGreaterThan(REQUESTS / 2)
  },
)
