/** Streams of a 2025 client that are lost and come back (2025-11-25 basic/transports "Resumability", SEP-1699). */
import { evictAllDurableObjects } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { sessionObjectName } from '#shared/contracts/entrypoints.ts'
import { ALICE, connect, type Client } from './_bridge.ts'
import { eventsOf, messagesOf, type Message } from '../../_sse.ts'
import { played, type Played } from './_played.ts'

const CALL = { id: 7, method: 'tools/call', params: { name: 'steps', arguments: {} } }
const FORM = { elicitation: { form: {} } }

const seen = (message: Message | undefined): unknown =>
  message?.params?.['progress'] ?? message?.result?.content[0]?.text ?? message?.method ?? message

/** Everything a stream says to its end. */
async function restOf(response: Response): Promise<unknown[]> {
  const next = messagesOf(response)
  const all: unknown[] = []
  for (let message = await next(); message; message = await next()) all.push(seen(message))
  return all
}

/** A call whose client had the priming event and one report, and then left. */
async function leftAfterOne(client: Client, last: () => Played, id = 7) {
  const leaving = new AbortController()
  const response = await client.post({ ...CALL, id }, { signal: leaving.signal })
  const next = eventsOf(response)
  const primed = await next()
  await last().progress(1)
  const first = await next()
  leaving.abort()
  return { primed: primed?.id ?? '', first: first?.id ?? '', left: last() }
}

describe('a stream', () => {
  it('begins with an id and no data; each event has an id of its own, and the answer’s says so', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const next = eventsOf(await client.post(CALL))
    const primed = await next()
    expect(primed).toEqual({ id: expect.stringMatching(/^[\w-]{22}\.0\.Nw$/) as string })
    await last().progress(1)
    await last().end('done')
    const [runId] = primed?.id?.split('.') ?? []
    expect((await next())?.id).toBe(`${runId}.1.Nw`)
    expect((await next())?.id).toBe(`${runId}.2.Nw.end`)
    expect(await next()).toBeUndefined()
    expect(client.touched()).toBe(0)
  })

  it('has no priming event for clients before 2025-11-25, which parse every event', async () => {
    const { server, last } = played()
    const client = await connect(server, {}, '2025-06-18')
    const next = eventsOf(await client.post(CALL))
    await last().end('done')
    expect(await next()).toMatchObject({ id: expect.stringMatching(/\.1\.Nw\.end$/) as string })
  })

  it('without a session has no ids: nobody could come back for it', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    client.sessionId = ''
    const next = eventsOf(await client.post(CALL))
    await last().end('done')
    expect(await next()).toEqual({ message: expect.anything() as unknown })
  })
})

describe('a stream that was lost', () => {
  it('goes on where the client left it, its object evicted between every two steps', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const { first, left } = await leftAfterOne(client, last)
    await left.progress(2)
    await evictAllDurableObjects()
    const back = eventsOf(await client.get(first))
    expect(seen((await back())?.message)).toBe(2)
    await evictAllDurableObjects()
    await left.progress(3)
    const third = await back()
    expect(seen(third?.message)).toBe(3)
    await evictAllDurableObjects()
    await left.end('done')
    expect(seen((await back())?.message)).toBe('done')
    expect(await back()).toBeUndefined()
    await client.settled()
  })

  it('is replayed from any id the client had, as often as it asks', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const { primed, first, left } = await leftAfterOne(client, last)
    await left.progress(2)
    await left.end('done')
    await client.settled()
    expect(await restOf(await client.get(primed))).toEqual([1, 2, 'done'])
    expect(await restOf(await client.get(first))).toEqual([2, 'done'])
    expect(await restOf(await client.get(first))).toEqual([2, 'done'])
  })

  it('waits for a client that is back before its loss was noticed', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const leaving = new AbortController()
    const next = eventsOf(await client.post(CALL, { signal: leaving.signal }))
    const primed = await next()
    const rest = restOf(await client.get(primed?.id ?? ''))
    await last().progress(1)
    await next()
    leaving.abort()
    await last().end('done')
    expect(await rest).toEqual([1, 'done'])
  })

  it('is found again by its isolate when it broke on the way of its last events: nothing was stored', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const next = eventsOf(await client.post(CALL))
    const primed = await next()
    await last().progress(1)
    await last().end('done')
    const [first] = [await next(), await next(), await next()]
    expect(await restOf(await client.get(primed?.id ?? ''))).toEqual([1, 'done'])
    expect(await restOf(await client.get(first?.id ?? ''))).toEqual(['done'])
    expect(client.touched()).toBe(0)
  })

  it('keeps an answer that was on its way when the client left', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const leaving = new AbortController()
    const response = await client.post(CALL, { signal: leaving.signal })
    const primed = await eventsOf(response)()
    await last().progress(1)
    await last().end('done')
    // Read by nobody: the client is gone.
    leaving.abort()
    await client.settled()
    expect(await restOf(await client.get(primed?.id ?? ''))).toEqual([1, 'done'])
  })

  it('never shows what was said on another one of the session', async () => {
    const { server, calls, last } = played()
    const client = await connect(server, {})
    const one = await leftAfterOne(client, last, 1)
    const two = await leftAfterOne(client, last, 2)
    expect(calls).toHaveLength(2)
    await two.left.end('answer two')
    await one.left.end('answer one')
    await client.settled()
    expect(await restOf(await client.get(one.first))).toEqual(['answer one'])
    expect(await restOf(await client.get(two.first))).toEqual(['answer two'])
  })

  it('is nothing to another principal, nor in another session of the same one', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const { first, left } = await leftAfterOne(client, last)
    await left.end('secret')
    await client.settled()
    const principal = { ...ALICE, subject: 'mallory' }
    expect((await client.get(first, { principal })).status).toBe(404)
    const stranger = await connect(server, {})
    const leaving = new AbortController()
    const other = await client.get(first, {
      sessionId: stranger.sessionId,
      signal: leaving.signal,
    })
    const nothing = messagesOf(other)()
    const late = new Promise((resolve) => setTimeout(resolve, 1_500, 'nothing yet'))
    expect(await Promise.race([nothing, late])).toBe('nothing yet')
    leaving.abort()
    expect(await nothing).toBeUndefined()
  })

  it('has no more to say after its answer: 204', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const next = eventsOf(await client.post(CALL))
    await last().end('done')
    await next()
    const final = await next()
    expect((await client.get(final?.id ?? '')).status).toBe(204)
    expect(client.touched()).toBe(0)
  })

  it('goes on being asked: a question waits for the client to come back', async () => {
    const { server, calls, last } = played()
    const client = await connect(server, FORM)
    const { first, left } = await leftAfterOne(client, last)
    await left.ask('name')
    await client.settled()
    await evictAllDurableObjects()
    const back = messagesOf(await client.get(first))
    const question = await back()
    expect(question?.method).toBe('elicitation/create')
    await client.post({ id: question?.id, result: { action: 'accept', content: {} } })
    await expect.poll(() => calls.length).toBe(2)
    await last().end('thanks')
    expect(seen(await back())).toBe('thanks')
  })

  it('that had a question is replayed with what was said before it', async () => {
    const { server, calls, last } = played()
    const client = await connect(server, FORM)
    const leaving = new AbortController()
    const next = eventsOf(await client.post(CALL, { signal: leaving.signal }))
    const primed = await next()
    await last().progress(1)
    await last().ask('name')
    const [first, question] = [await next(), await next()]
    expect(question?.id).toBe(first?.id?.replace('.1.', '.2.'))
    leaving.abort()
    await client.post({ id: question?.message?.id, result: { action: 'decline' } })
    await expect.poll(() => calls.length).toBe(2)
    await last().progress(1)
    await last().progress(5)
    await last().end('done')
    await client.settled()
    // Progress that does not rise over what was shown is not shown.
    expect(await restOf(await client.get(first?.id ?? ''))).toEqual([
      'elicitation/create',
      5,
      'done',
    ])
    expect(await restOf(await client.get(primed?.id ?? ''))).toHaveLength(4)
  })
})

describe('a stream the server closes (SEP-1699)', () => {
  it('says when to come back, ends, and goes on for who does', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const next = eventsOf(await client.post(CALL))
    const primed = await next()
    await last().raw('retry: 250\n\n')
    expect(await next()).toEqual({ retry: 250 })
    expect(await next()).toBeUndefined()
    const back = messagesOf(await client.get(primed?.id ?? ''))
    await last().end('done')
    expect(seen(await back())).toBe('done')
  })

  it('stays open for clients that cannot come back', async () => {
    const { server, last } = played()
    const client = await connect(server, {}, '2025-06-18')
    const rest = client.post(CALL).then(restOf)
    await expect.poll(last).toBeDefined()
    await last().raw('retry: 250\n\n')
    await last().end('done')
    expect(await rest).toEqual(['done'])
  })

  it('never sends a client away for longer than a run may last', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const next = eventsOf(await client.post(CALL))
    await next()
    await last().raw('retry: 999999999\n\n')
    expect(await next()).toEqual({ retry: 20_000 })
    await last().end('done')
  })
})

describe('a call the client cancels (basic/utilities/cancellation)', () => {
  const cancelled = (requestId: unknown) => ({
    method: 'notifications/cancelled',
    params: { requestId },
  })

  it('is stopped at once where it runs, and its stream ends without an answer', async () => {
    const { server } = played()
    const client = await connect(server, {})
    const next = eventsOf(await client.post(CALL))
    await next()
    expect((await client.post(cancelled(7))).status).toBe(202)
    expect(client.signals.at(-1)?.aborted).toBe(true)
    expect(await next()).toBeUndefined()
    expect(client.touched()).toBe(0)
  })

  it('is not another one of a like id, nor another session’s', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const other = await connect(() => Response.json({}), {})
    const next = eventsOf(await client.post(CALL))
    await next()
    await client.post(cancelled('7'))
    await other.post(cancelled(7))
    await client.post(cancelled(7), { principal: { ...ALICE, subject: 'mallory' } })
    expect(client.signals.at(-1)?.aborted).toBe(false)
    await last().end('done')
    expect(seen((await next())?.message)).toBe('done')
  })

  it('takes its open question back, and nobody can answer it any longer', async () => {
    const { server, calls, last } = played()
    const client = await connect(server, FORM)
    const next = messagesOf(await client.post(CALL))
    await last().ask('name')
    const question = await next()
    await evictAllDurableObjects()
    await client.post(cancelled(7))
    expect(await next()).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: question?.id },
    })
    expect(await next()).toBeUndefined()
    await client.post({ id: question?.id, result: { action: 'accept', content: {} } })
    await client.settled()
    expect(calls).toHaveLength(1)
  })

  it('stops also after its stream was lost', async () => {
    const { server, last } = played()
    const client = await connect(server, {})
    const { first, left } = await leftAfterOne(client, last)
    await client.post(cancelled(7))
    expect(client.signals.at(-1)?.aborted).toBe(true)
    await client.settled()
    await left.end('too late')
    expect(await restOf(await client.get(first))).toEqual([])
  })

  it('is remembered by the Session for the isolate that runs it, for a while', async () => {
    const { server } = played()
    const client = await connect(server, {})
    await client.post(cancelled(7))
    expect(client.names.map((name) => JSON.parse(name) as unknown)).toEqual([
      [ALICE.tenant, ALICE.subject, expect.any(String)],
    ])
    const stub = exports.SessionObject.getByName(client.names[0] ?? '')
    expect(await stub.isCancelled(7)).toBe(true)
    expect(await stub.isCancelled('7')).toBe(false)
  })
})

it('the object of a session is named by tenant, subject and id (DESIGN §4.8)', () => {
  const names = [
    sessionObjectName('acme', 'alice', 'id'),
    sessionObjectName('acme', 'bob', 'id'),
    sessionObjectName('other', 'alice', 'id'),
    sessionObjectName('acme', 'alice', 'id2'),
    sessionObjectName('acme","alice', '', 'id'),
  ]
  expect(new Set(names).size).toBe(names.length)
})
