/** A body over its bound is read on for a while: else a client that is still sending never reads the refusal. */
import { describe, expect, it } from 'vitest'
import { discardRest, readBody } from '#shared/protocol/body.ts'

const MIB = 1024 * 1024

/** A request whose body comes in pieces of 1 MiB; counts those that were asked for. */
function uploadOf(pieces: number, headers: Record<string, string> = {}) {
  const sent = { pieces: 0, isCancelled: false }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (sent.pieces === pieces) return controller.close()
        sent.pieces += 1
        controller.enqueue(new Uint8Array(MIB).fill(32))
      },
      cancel() {
        sent.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  const init = { method: 'POST', body, headers, duplex: 'half' }
  return { sent, request: new Request('https://mcp.example/clock/mcp', init as RequestInit) }
}

describe.each([
  ['announced', { 'content-length': String(6 * MIB) }],
  ['not announced', {}],
])('a body over its bound, %s', (_, headers) => {
  it('is refused with 413, and read to its end', async () => {
    const { request, sent } = uploadOf(6, headers)
    const read = await readBody(request, 4 * MIB)
    expect(read).toMatchObject({ ok: false, failure: { status: 413 } })
    expect(sent).toEqual({ pieces: 6, isCancelled: false })
  })

  it('is cut off where it does not end', async () => {
    const { request, sent } = uploadOf(Infinity, headers)
    const read = await readBody(request, 10_000)
    expect(read).toMatchObject({ ok: false, failure: { status: 413 } })
    expect(sent.pieces).toBeLessThan(20)
    expect(sent.isCancelled).toBe(true)
  })
})

it('what nothing read of a request is read to its end', async () => {
  const { request, sent } = uploadOf(3)
  await discardRest(request)
  expect(sent.pieces).toBe(3)
})

it('a body that was read is left alone', async () => {
  const { request } = uploadOf(1)
  await request.text()
  await expect(discardRest(request)).resolves.toBeUndefined()
})
