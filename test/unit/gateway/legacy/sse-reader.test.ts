/** Reading an event stream as it arrives (WHATWG HTML §9.2.6). */
import { describe, expect, it } from 'vitest'
import { readSse } from '#shared/protocol/sse-reader.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

function streamOf(chunks: Iterable<Uint8Array>) {
  const iterator = chunks[Symbol.iterator]()
  const state = { cancelled: false }
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel() {
      state.cancelled = true
    },
  })
  return { body, state }
}

async function read(chunks: Iterable<Uint8Array>, maxEventChars = 1000) {
  const items: string[] = []
  for await (const item of readSse(streamOf(chunks).body, maxEventChars)) {
    items.push(item.kind === 'data' ? item.data : item.kind === 'retry' ? `retry ${item.ms}` : ':')
  }
  return items
}

describe('readSse', () => {
  it('gives the same events however the bytes are split, inside characters and line ends too', async () => {
    const bytes = bytesOf(
      ': hi\r\n\r\ndata: {"é":"日本"}\r\n\r\nevent: message\ndata:two\n\ndata: a\rdata: b\r\r',
    )
    const whole = [':', '{"é":"日本"}', 'two', 'a b']
    for (let size = 1; size <= bytes.length; size++) {
      const chunks: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size))
      expect(await read(chunks)).toEqual(whole)
    }
  })

  it('hands an event out before the next one has arrived', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const items = readSse(readable, 1000)
    void writer.write(bytesOf('data: one\n\ndata: tw'))
    expect((await items.next()).value).toEqual({ kind: 'data', data: 'one' })
    void writer.write(bytesOf('o\n\n'))
    expect((await items.next()).value).toEqual({ kind: 'data', data: 'two' })
  })

  it('drops an event that was never finished, and fields it does not know', async () => {
    expect(await read([bytesOf('id: 1\nfoo: 5\ndata: one\n\ndata: cut')])).toEqual(['one'])
  })

  it('tells when the reader is asked to come back later, at once', async () => {
    const bytes = bytesOf('retry: 250\n\nretry:7\nretry: soon\nretry: -1\ndata: one\n\n')
    expect(await read([bytes])).toEqual(['retry 250', 'retry 7', 'one'])
  })

  it('ends, and cancels the sender, when one event is over its bound: in one line or in many', async () => {
    for (const endless of ['data: 0123456789', 'data: 0123456789\n']) {
      const { body, state } = streamOf(Array.from({ length: 100 }, () => bytesOf(endless)))
      const reading = async () => {
        for await (const item of readSse(body, 200)) expect(item).toBeUndefined()
      }
      await expect(reading()).rejects.toThrow(RangeError)
      expect(state.cancelled).toBe(true)
    }
  })

  it('counts each event alone: a long stream of short events passes', async () => {
    const items = await read(
      Array.from({ length: 500 }, () => bytesOf('data: 0123456789\n\n')),
      20,
    )
    expect(items).toHaveLength(500)
  })

  it('cancels the sender when the reader stops early', async () => {
    const { body, state } = streamOf(Array.from({ length: 9 }, () => bytesOf('data: x\n\n')))
    for await (const item of readSse(body, 100)) {
      expect(item).toBeDefined()
      break
    }
    expect(state.cancelled).toBe(true)
  })
})
