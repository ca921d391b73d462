import { afterEach, describe, expect, it, vi } from 'vitest'
import { limitStream, readBounded } from '../../../workers/router/bounded-body.ts'

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
  it('breaks off a stream that only lasts: little, but for too long', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let cancelled = false
    const reader = limitStream(
      source(() => (cancelled = true)),
      1_000_000,
      MINUTE_MS,
    ).getReader()
    expect((await reader.read()).value?.byteLength).toBe(10)
    vi.setSystemTime(Date.now() + MINUTE_MS + 1)
    // What was under way may still come; then it ends.
    await expect(
      (async () => {
        for (let reads = 0; reads < 10; reads++) await reader.read()
      })(),
    ).rejects.toThrow('over its bound')
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
