import { afterEach, describe, expect, it, vi } from 'vitest'
import { limitStream, readBounded } from '#shared/gateway/dispatch/bounded-body.ts'

const MINUTE_MS = 60_000

afterEach(() => {
  vi.useRealTimers()
})

function source(onCancel: () => void = () => undefined) {
  return new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: onCancel,
  })
}

describe('limitStream', () => {
  const BOUNDS = { maxBytes: 1_000_000, maxMs: 10 * MINUTE_MS, maxSilenceMs: MINUTE_MS }

  it('breaks off a stream that only lasts: little, but for too long', async () => {
    vi.useFakeTimers()
    let cancelled = false
    const reader = limitStream(
      source(() => (cancelled = true)),
      BOUNDS,
    ).getReader()
    expect((await reader.read()).value?.byteLength).toBe(10)
    await vi.advanceTimersByTimeAsync(BOUNDS.maxMs)
    await expect(reader.read()).rejects.toThrow('over its bound')
    expect(cancelled).toBe(true)
  })

  it('breaks off a stream that says one thing and then is silent', async () => {
    vi.useFakeTimers()
    let cancelled = false
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: () => {
        cancelled = true
      },
    })
    const reader = limitStream(silent, BOUNDS).getReader()
    await reader.read()
    const next = reader.read()
    const refused = expect(next).rejects.toThrow('No answer within')
    await vi.advanceTimersByTimeAsync(BOUNDS.maxSilenceMs - 1)
    expect(cancelled).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await refused
    expect(cancelled).toBe(true)
  })

  it('breaks off a stream that is too much', async () => {
    const reader = limitStream(source(), { ...BOUNDS, maxBytes: 25 }).getReader()
    await reader.read()
    await reader.read()
    await expect(reader.read()).rejects.toThrow('over its bound')
  })

  it('passes what keeps its bounds, and leaves no timer behind', async () => {
    vi.useFakeTimers()
    const text = new Response('short').body!
    expect(await new Response(limitStream(text, BOUNDS)).text()).toBe('short')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('tells the sender that its reader left', async () => {
    let cancelled = false
    const stream = limitStream(
      source(() => (cancelled = true)),
      BOUNDS,
    )
    await stream.cancel()
    expect(cancelled).toBe(true)
  })
})

describe('readBounded', () => {
  it('reads a body whole that fits exactly, and nothing of one byte more', async () => {
    const body = (bytes: number) => new Response(new Uint8Array(bytes)).body
    expect((await readBounded(body(20), 20))?.byteLength).toBe(20)
    expect(await readBounded(body(21), 20)).toBeUndefined()
    expect((await readBounded(null, 20))?.byteLength).toBe(0)
  })
})
