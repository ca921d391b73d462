import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { JSON_PATIENCE_MS, KEEP_ALIVE_MS } from '#shared/engine/limits.ts'
import { defineTool } from '#shared/engine/author/define.ts'
import { eventsOf, startEngine } from './_harness.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const engine = await startEngine({
  steps: defineTool({
    description: 'Three steps',
    async handler(_args, { progress }) {
      for (const step of [0, 50, 50, 20, Number.NaN, 100]) await progress(step, 100)
      return 'done'
    },
  }),
  late: defineTool({
    description: 'Reports after its end',
    async handler(_args, { progress }) {
      await progress(1)
      setTimeout(() => void progress(2), 5)
      return 'done'
    },
  }),
  later: defineTool({
    description: 'Reports only after its end',
    async handler(_args, { progress }) {
      setTimeout(() => void progress(1), 20)
      await pause(10)
      return 'done'
    },
  }),
  logs: defineTool({
    description: 'Logs',
    handler(_args, { log }) {
      log('debug', 'small')
      log('warning', { n: 1 })
      return 'done'
    },
  }),
  slow: defineTool({
    description: 'Takes its time',
    input: z.object({ ms: z.int() }),
    async handler({ ms }, { signal, env }) {
      signal.addEventListener('abort', () => (env as unknown as { onAbort(): void }).onAbort())
      await pause(ms)
      return 'done'
    },
  }),
  asks: defineTool({
    description: 'Reports, then asks',
    async handler(_args, { progress, elicit }) {
      await progress(1, 2)
      await elicit('confirm', 'Sure?', z.object({ ok: z.boolean() }))
    },
  }),
})

const token = { progressToken: 'p1' }
const progressOf = (progress: number) => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 'p1', progress, total: 100 },
})

describe('progress (basic/utilities/progress)', () => {
  it('makes the answer a stream: increasing values with the token, then the result', async () => {
    const response = await engine.send({ params: { name: 'steps' }, meta: token })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    const events = await eventsOf(response)
    expect(events.slice(0, -1)).toEqual([progressOf(0), progressOf(50), progressOf(100)])
    expect(events.at(-1)).toMatchObject({ id: 1, result: { resultType: 'complete' } })
  })

  it('is not sent to a client without a token', async () => {
    const response = await engine.send({ params: { name: 'steps' } })
    expect(response.headers.get('content-type')).toBe('application/json')
  })

  it('stops at completion', async () => {
    const response = await engine.send({ params: { name: 'late' }, meta: token })
    await pause(20)
    const events = await eventsOf(response)
    expect(events).toHaveLength(2)
    expect(events.at(-1)).toHaveProperty('result')
  })
})

it('a report after a plain answer opens no stream', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  try {
    const pending = engine.send({ params: { name: 'later' }, meta: token })
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(4), { interval: 1 })
    await vi.advanceTimersByTimeAsync(15)
    expect((await pending).headers.get('content-type')).toBe('application/json')
    await vi.advanceTimersByTimeAsync(10)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

describe('log messages (server/utilities/logging)', () => {
  it('are not sent unless the request set a level', async () => {
    const response = await engine.send({ params: { name: 'logs' } })
    expect(response.headers.get('content-type')).toBe('application/json')
  })

  it('are sent from that level on', async () => {
    const meta = { 'io.modelcontextprotocol/logLevel': 'info' }
    const events = await eventsOf(await engine.send({ params: { name: 'logs' }, meta }))
    expect(events).toHaveLength(2)
    expect(events[0]).toMatchObject({
      method: 'notifications/message',
      params: { level: 'warning', logger: 'logs', data: { n: 1 } },
    })
  })
})

describe('time (DESIGN §4.5)', () => {
  it('a call done within a second is plain JSON', async () => {
    const response = await engine.send({ params: { name: 'slow', arguments: { ms: 10 } } })
    expect(response.headers.get('content-type')).toBe('application/json')
  })

  it('a longer one becomes a stream, kept alive by comments', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    try {
      const ms = 2 * KEEP_ALIVE_MS + 2 * JSON_PATIENCE_MS
      const pending = engine.send({ params: { name: 'slow', arguments: { ms } } })
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(3), { interval: 1 })
      await vi.advanceTimersByTimeAsync(JSON_PATIENCE_MS)
      const response = await pending
      expect(response.headers.get('content-type')).toBe('text/event-stream')
      await vi.advanceTimersByTimeAsync(ms)
      const text = await response.text()
      expect(text.match(/^: keepalive$/gm)).toHaveLength(2)
      expect(text).toMatch(/data: .*"resultType":"complete".*\n\n$/)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('the reader going away aborts the signal', async () => {
    const onAbort = vi.fn<() => void>()
    const response = await engine.send({
      params: { name: 'slow', arguments: { ms: 1_500 } },
      env: { onAbort },
    })
    await response.body?.cancel()
    expect(onAbort).toHaveBeenCalledOnce()
  })
})

it('a question after progress ends the stream with input_required, never with a request', async () => {
  const events = await eventsOf(await engine.send({ params: { name: 'asks' }, meta: token }))
  expect(events.map(({ method }) => method)).toEqual(['notifications/progress', undefined])
  expect(events[1]).toMatchObject({ id: 1, result: { resultType: 'input_required' } })
})
