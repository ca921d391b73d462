/** Coming back for a stream nobody remembers (2025-11-25 basic/transports "Resumability"). */
import { describe, expect, it, vi } from 'vitest'
import { eventId, parseEventId, requestPart } from '#shared/gateway/legacy/run/event-id.ts'
import { createEdge } from './_input.ts'

const RUN = 'A'.repeat(22)

describe('an event id', () => {
  it.each([7, 0, -1, '', '7', 'räksmörgås', 'a.b'])(
    'names the request %j it answers',
    (requestId) => {
      for (const done of [false, true]) {
        const id = eventId(RUN, 12, requestPart(requestId) ?? '', done)
        expect(id).toMatch(/^[\x21-\x7e]+$/)
        expect(parseEventId(id)).toEqual({ runId: RUN, seq: 12, requestId, done })
      }
    },
  )

  it('is not made for a request whose id nobody could carry in a header', () => {
    expect(requestPart('x'.repeat(127))).toBeUndefined()
  })

  it.each([
    '',
    '0',
    RUN,
    `${RUN}.1`,
    `${RUN}.1.`,
    `${RUN}.1.Nw.begin`,
    `${RUN}.01.Nw`,
    `${RUN}.-1.Nw`,
    `${RUN}.99999999999.Nw`,
    `${RUN}x.1.Nw`,
    `${RUN}.1.e30`,
    `${RUN}.1.${'A'.repeat(1025)}`,
  ])('is not %j', (text) => {
    expect(parseEventId(text)).toBeUndefined()
  })
})

describe('GET with Last-Event-ID', () => {
  it('of a stream nobody remembers ends with an error of its request, and the id says it was the last', async () => {
    vi.useFakeTimers()
    const edge = createEdge(undefined, {
      sessions: { fetch: () => Promise.resolve(new Response(null, { status: 404 })) },
    })
    const headers = {
      'mcp-session-id': await edge.open(),
      accept: 'text/event-stream',
      'last-event-id': `${RUN}.3.Nw`,
    }
    const response = await edge.handle({ method: 'GET', headers })
    const text = response.text()
    await vi.advanceTimersByTimeAsync(60_000)
    vi.useRealTimers()
    expect(await text).toBe(
      `: keepalive\n\nid: ${RUN}.4.Nw.end\nevent: message\ndata: {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"The call was interrupted before it finished; whether it took effect is unknown"}}\n\n`,
    )
  })

  it.each([
    ['a deleted or foreign session', 'forged', 404],
    ['no session', undefined, 405],
  ])('of %s is refused', async (_, sessionId, status) => {
    const headers = { 'mcp-session-id': sessionId, 'last-event-id': `${RUN}.3.Nw` }
    expect((await createEdge().handle({ method: 'GET', headers })).status).toBe(status)
  })
})
