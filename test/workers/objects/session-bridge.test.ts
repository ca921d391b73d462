/** Questions to a 2025 client, end to end over the real Session object (2025-11-25 client/elicitation). */
import { describe, expect, it } from 'vitest'
import { evictAllDurableObjects } from 'cloudflare:test'
import { messagesOf } from '../../_sse.ts'
import { asks, connect, text, type InnerBody, ALICE } from './_bridge.ts'

const FORM = { elicitation: { form: {} } }
const CALL = { id: 7, method: 'tools/call', params: { name: 'ask', arguments: { a: 1 } } }
const accept = (id: string | number | undefined, content: object) => ({
  id,
  result: { action: 'accept', content },
})

describe('a question', () => {
  it('reaches the client on its stream, and the answer in a POST of its own continues the run', async () => {
    const bodies: InnerBody[] = []
    const client = await connect((body) => {
      bodies.push(body)
      return body.params.inputResponses ? text(body, 'thanks') : asks(body, ['name'], 'state-1')
    }, FORM)
    const next = messagesOf(await client.post(CALL))
    const question = await next()
    expect(question).toMatchObject({
      method: 'elicitation/create',
      params: { mode: 'form', message: 'name?' },
    })
    expect(question?.id).toMatch(/^ask-[A-Za-z0-9_-]{22}$/)
    const answered = await client.post(accept(question?.id, { name: 'Ada' }))
    expect(answered.status).toBe(202)
    expect(await next()).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: { content: [{ type: 'text', text: 'thanks' }] },
    })
    expect(await next()).toBeUndefined()
    await client.settled()
    expect(bodies).toHaveLength(2)
    expect(bodies[1]?.params).toEqual({
      ...bodies[0]?.params,
      requestState: 'state-1',
      inputResponses: { name: { action: 'accept', content: { name: 'Ada' } } },
    })
  })

  it('may follow a question, with everything evicted in between', async () => {
    const client = await connect((body) => {
      if (body.params.requestState === undefined) return asks(body, ['one'], 's1')
      if (body.params.requestState === 's1') return asks(body, ['two', 'three'], 's2')
      return text(body, Object.keys(body.params.inputResponses ?? {}).join())
    }, FORM)
    const next = messagesOf(await client.post(CALL))
    const one = await next()
    await evictAllDurableObjects()
    await client.post(accept(one?.id, {}))
    const two = await next()
    const three = await next()
    await evictAllDurableObjects()
    await client.post(accept(three?.id, {}))
    await evictAllDurableObjects()
    await client.post(accept(two?.id, {}))
    expect((await next())?.result?.content[0]?.text).toBe('two,three')
  })

  it('runs the tool once for eight copies of one answer', async () => {
    let continued = 0
    const client = await connect((body) => {
      if (!body.params.inputResponses) return asks(body, ['name'], 's')
      continued++
      return text(body, 'done')
    }, FORM)
    const next = messagesOf(await client.post(CALL))
    const question = await next()
    const copies = Array.from({ length: 8 }, () => client.post(accept(question?.id, {})))
    const statuses = (await Promise.all(copies)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([202]))
    await next()
    await client.settled()
    expect(continued).toBe(1)
  })

  it('is not answered by another principal, whatever id they know', async () => {
    const client = await connect((body) => asks(body, ['name'], 's'), FORM)
    const next = messagesOf(await client.post(CALL))
    const question = await next()
    const mallory = { ...ALICE, subject: 'mallory' }
    const answered = await client.post(accept(question?.id, {}), { principal: mallory })
    expect(answered.status).toBe(404)
  })

  it('that the client answers with an error fails the call, and takes back the others', async () => {
    const client = await connect((body) => asks(body, ['a', 'b'], 's'), FORM)
    const next = messagesOf(await client.post(CALL))
    const [first, second] = [await next(), await next()]
    await client.post({ id: first?.id, error: { code: -32601, message: 'no forms' } })
    expect(await next()).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: second?.id },
    })
    expect((await next())?.result).toMatchObject({
      isError: true,
      content: [{ text: "Fulfilling input required by 'tools/call' failed: no forms" }],
    })
  })

  it('comes after what a stream said before it, and progress goes on rising after it', async () => {
    const progress = (value: number) =>
      `data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":${value}}}\n\n`
    const client = await connect(async (body) => {
      const last = body.params.inputResponses ? text(body, 'done') : asks(body, ['name'], 's')
      const answer = `data: ${await last.text()}\n\n`
      const stream = `: ping\n\n${progress(1)}${progress(body.params.inputResponses ? 3 : 2)}${answer}`
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    }, FORM)
    const next = messagesOf(await client.post(CALL))
    const seen: unknown[] = []
    for (let message = await next(); message; message = await next()) {
      seen.push(message.params?.['progress'] ?? message.method ?? 'answer')
      if (message.method === 'elicitation/create') await client.post(accept(message.id, {}))
    }
    expect(seen).toEqual([1, 2, 'elicitation/create', 3, 'answer'])
  })

  it('is not put to a client that cannot show it: the model reads why', async () => {
    const client = await connect((body) => asks(body, ['name'], 's'), {})
    const next = messagesOf(await client.post(CALL))
    expect((await next())?.result).toMatchObject({
      isError: true,
      content: [{ text: 'Client does not support form elicitation.' }],
    })
    expect(client.touched()).toBe(0)
  })
})

describe('a continuation', () => {
  it('that the router refuses ends with the router’s sentence', async () => {
    const client = await connect((body) => {
      if (!body.params.inputResponses) return asks(body, ['name'], 's')
      const refusal = { error: 'insufficient_scope', error_description: 'This tool needs x' }
      return Response.json(refusal, { status: 403 })
    }, FORM)
    const next = messagesOf(await client.post(CALL))
    await client.post(accept((await next())?.id, {}))
    expect((await next())?.error?.message).toBe('This tool needs x')
  })

  it('that throws ends with a masked error, never with silence', async () => {
    const client = await connect((body) => {
      if (!body.params.inputResponses) return asks(body, ['name'], 's')
      throw new Error('secret detail')
    }, FORM)
    const next = messagesOf(await client.post(CALL))
    await client.post(accept((await next())?.id, {}))
    const final = await next()
    expect(final?.error?.message).toMatch(/^Internal error \(ref [0-9a-f]{8}\)$/)
  })
})

describe('no object', () => {
  it('is touched by a session that lists, calls and posts stray answers (DESIGN §4.2)', async () => {
    const client = await connect((body) => text(body, 'hi'), FORM)
    for (let n = 1; n <= 10; n++) {
      await client.post({ id: n, method: 'tools/list' })
      await client.post({ ...CALL, id: n })
      await client.post(accept('stray', {}))
    }
    expect(client.touched()).toBe(0)
  })
})
