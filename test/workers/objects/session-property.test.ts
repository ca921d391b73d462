/**
 * Two clients, several calls each, and everything that may happen to them in any
 * order: reports, questions, answers, disconnects, resumptions, evictions, cut
 * sockets, a session deleted. Against the simplest model there is: what a server
 * said on a call is what its client got, in order, once, and nobody else anything.
 */
import { evictAllDurableObjects } from 'cloudflare:test'
import fc from 'fast-check'
import { expect, inject, it } from 'vitest'
import { eventsOf } from '../../_sse.ts'
import { ALICE, connect, type Client } from './_bridge.ts'
import { played, type Played } from './_played.ts'

declare module 'vitest' {
  interface ProvidedContext {
    isLong: boolean
  }
}

const RUNS = inject('isLong') ? 400 : 25
const STEPS_MAX = 24
const FORM = { elicitation: { form: {} } }
const SOON = { timeout: 20_000, interval: 10 }

/** Of one call: what was said, and what its client made of it. */
class Call {
  /** Everything said so far, in order: reports, questions, the answer. */
  readonly said: string[] = []
  readonly got: string[] = []
  readonly ids = new Set<string>()
  lastId = ''
  isOver = false
  /** The question that is open at the client. */
  question: string | number | undefined
  progress = 0
  readonly id: number
  readonly principal: typeof ALICE
  readonly client: Client
  /** The server's side of the round under way. */
  server: Played | undefined
  #leaving = new AbortController()

  constructor(id: number, client: Client, principal: typeof ALICE) {
    this.id = id
    this.client = client
    this.principal = principal
  }

  async start(): Promise<void> {
    const params = { name: 'play', arguments: {} }
    const { signal } = this.#leaving
    const { principal } = this
    const message = { id: this.id, method: 'tools/call', params }
    this.#read(await this.client.post(message, { signal, principal }))
    await expect.poll(() => this.lastId, SOON).not.toBe('')
  }

  leave(): void {
    this.#leaving.abort()
  }

  async resume(): Promise<void> {
    this.leave()
    this.#leaving = new AbortController()
    const { signal } = this.#leaving
    this.#read(await this.client.get(this.lastId, { signal, principal: this.principal }))
  }

  /** In the background, until its connection is left or ends. */
  #read(response: Response): void {
    if (response.status === 204) return
    const next = eventsOf(response)
    const { signal } = this.#leaving
    const read = async (): Promise<void> => {
      for (;;) {
        const event = await next().catch(() => undefined)
        // What comes after the connection is gone reaches nobody.
        if (signal.aborted) return
        // A stream that ends without the answer is one to come back for, as the SDK 1.x does:
        // of two connections made at once either may have replaced the other.
        if (!event) return this.isOver ? undefined : this.resume()
        if (event.id) this.lastId = event.id
        const { message } = event
        if (!message || !event.id) continue
        expect(this.ids.has(event.id), 'an event came twice').toBe(false)
        this.ids.add(event.id)
        if (message.method === 'elicitation/create') this.question = message.id
        if (message.result) this.isOver = true
        const progress = message.params?.['progress']
        const text = message.result?.content[0]?.text
        this.got.push(typeof progress === 'number' ? `${progress}` : (text ?? 'question'))
      }
    }
    void read()
  }
}

type Step =
  | { kind: 'call'; of: number }
  | { kind: 'say' | 'ask' | 'answer' | 'finish' | 'leave' | 'resume' | 'spy'; of: number }
  | { kind: 'evict' | 'cut' }

const stepOf = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('call' as const), of: fc.nat(1) }) },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        ...(['say', 'say', 'ask', 'answer', 'finish', 'leave', 'resume', 'spy'] as const),
      ),
      of: fc.nat(5),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('evict' as const, 'cut' as const) }) },
)

class World {
  readonly calls: Call[] = []
  readonly #clients: { client: Client; server: ReturnType<typeof played> }[] = []
  readonly #principals = [ALICE, { ...ALICE, subject: 'bob' }]

  async open(): Promise<void> {
    for (const principal of this.#principals) {
      const server = played()
      this.#clients.push({
        server,
        client: await connect(server.server, FORM, undefined, principal),
      })
    }
  }

  async do(step: Step): Promise<void> {
    if (!('of' in step)) {
      return evictAllDurableObjects(step.kind === 'cut' ? { webSockets: 'close' } : {})
    }
    if (step.kind === 'call') return this.#call(step.of)
    const call = this.calls[step.of % Math.max(this.calls.length, 1)]
    if (call) await this.#act(step.kind, call)
  }

  async #call(of: number): Promise<void> {
    const owner = this.#clients[of]
    const principal = this.#principals[of]
    if (!owner || !principal || this.calls.length >= 6) return
    const call = new Call(this.calls.length + 1, owner.client, principal)
    this.calls.push(call)
    await call.start()
    call.server = owner.server.last()
  }

  async #act(kind: Exclude<Step['kind'], 'call' | 'evict' | 'cut'>, call: Call): Promise<void> {
    switch (kind) {
      case 'say':
        if (!call.server) return
        call.said.push(String(++call.progress))
        return call.server.progress(call.progress)
      case 'ask':
        if (!call.server) return
        call.said.push('question')
        await call.server.ask(`q${call.said.length}`)
        call.server = undefined
        return
      case 'answer':
        return this.#answer(call)
      case 'finish':
        if (!call.server) return
        call.said.push(`end ${call.id}`)
        await call.server.end(`end ${call.id}`)
        call.server = undefined
        return
      case 'leave':
        return call.leave()
      case 'resume':
        if (!call.isOver) await call.resume()
        return
      case 'spy':
        return this.#spy(call)
    }
  }

  async #answer(call: Call): Promise<void> {
    const { question, client, principal } = call
    if (question === undefined) return
    call.question = undefined
    const server = this.#clients.find((owner) => owner.client === client)!.server
    const before = server.calls.length
    const result = { action: 'accept', content: {} }
    const copies = [1, 2].map(() => client.post({ id: question, result }, { principal }))
    for (const { status } of await Promise.all(copies)) expect(status).toBe(202)
    await expect.poll(() => server.calls.length, SOON).toBe(before + 1)
    call.server = server.last()
  }

  /** The other client tries what it may have overheard. */
  async #spy(call: Call): Promise<void> {
    const other = this.#clients.findIndex(({ client }) => client !== call.client)
    const { client } = this.#clients[other]!
    const principal = this.#principals[other]!
    const leaving = new AbortController()
    const asMe = await call.client.get(call.lastId, { principal })
    expect(asMe.status).toBe(404)
    const mine = await client.get(call.lastId, { principal, signal: leaving.signal })
    if (mine.status === 204) return
    const said = eventsOf(mine)()
    leaving.abort()
    expect(await said).toBeUndefined()
    if (call.question !== undefined) {
      await client.post({ id: call.question, result: { action: 'accept' } }, { principal })
    }
  }

  /** Whatever happened, each call comes to its end, and its client to all of it. */
  async settle(): Promise<void> {
    for (const call of this.calls) {
      for (let rounds = 0; !call.isOver && rounds < 50; rounds++) {
        await call.resume()
        await expect
          .poll(() => call.got.length, { ...SOON, message: `call ${call.id} lost an event` })
          .toBe(call.said.length)
        if (call.server) await this.#act('finish', call)
        else await this.#answer(call)
      }
      expect(call.got).toEqual(call.said)
    }
    for (const [index, { client }] of this.#clients.entries()) {
      const principal = this.#principals[index]!
      expect((await client.end({ principal })).status).toBe(200)
      expect((await client.post({ id: 0, method: 'ping' }, { principal })).status).toBe(404)
      expect((await client.get(this.calls[0]?.lastId ?? '', { principal })).status).toBe(404)
    }
  }
}

it(
  'loses no event, tells none twice, and none to another principal',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf, { maxLength: STEPS_MAX }), async (steps) => {
        const world = new World()
        await world.open()
        for (const step of steps) await world.do(step)
        await world.settle()
      }),
      { numRuns: RUNS },
    )
  },
)
