/**
 * The first call after nobody called for a while: what a caller without a token
 * waits, and what one with a JWT, or with a JWT and a proof, waits more. One platform
 * each, so that no call warms up for another; all idle at the same time.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { modernCalls, provenCalls } from './calls.ts'
import { bearer, dpopToken } from './credentials.ts'
import { freePort } from './free-port.ts'
import { HttpConnection } from './http-connection.ts'
import { makeProofs } from './proofs.ts'
import { wrongWith, type Exchange } from './request.ts'
import { deploymentOf, placeOf, type Place } from './targets/platform.ts'
import { Workerd } from './workerd.ts'

/** Of the issue: an object is evicted after some ten seconds, a feed is old after sixty. */
export const IDLE_SECONDS: readonly number[] = [10, 30, 120]
const WARM_UP_CALLS = 200

export const CALLERS = ['none', 'jwt', 'dpop'] as const
export type CallerKind = (typeof CALLERS)[number]

export interface IdleCall {
  readonly idleSeconds: number
  /** Milliseconds to the whole answer, by what the caller brings. */
  readonly ms: Readonly<Record<CallerKind, number>>
}

export interface IdleOptions {
  /** Inside the repository. */
  readonly folder: string
  readonly core: number | undefined
  readonly idleSeconds: readonly number[]
  progress(line: string): void
}

export async function measureIdle(options: IdleOptions): Promise<IdleCall[]> {
  const running: Running[] = []
  try {
    for (const kind of CALLERS) running.push(await Running.start(options, kind))
    const calls: IdleCall[] = []
    for (const idleSeconds of options.idleSeconds) {
      options.progress(`idle for ${idleSeconds} s`)
      await sleep(idleSeconds * 1000)
      const ms = { none: 0, jwt: 0, dpop: 0 }
      // One after the other: they share a core.
      for (const one of running) ms[one.kind] = await one.call()
      calls.push({ idleSeconds, ms })
    }
    return calls
  } finally {
    for (const one of running) await one.close()
  }
}

class Running {
  readonly kind: CallerKind
  readonly #place: Place
  readonly #workerd: Workerd

  private constructor(kind: CallerKind, place: Place, workerd: Workerd) {
    this.kind = kind
    this.#place = place
    this.#workerd = workerd
  }

  static async start({ folder: parent, core }: IdleOptions, kind: CallerKind): Promise<Running> {
    const folder = join(parent, kind)
    mkdirSync(folder, { recursive: true })
    const place = await placeOf({ folder, minify: true, freePort })
    const visibility = kind === 'none' ? 'public' : 'private'
    const deployment = await deploymentOf(place, [{ name: 'echo', tools: ['echo'], visibility }])
    const running = new Running(kind, place, await Workerd.start(folder, deployment, core))
    const exchanges = await running.#exchanges()
    for (const exchange of exchanges.slice(0, WARM_UP_CALLS)) await running.#send(exchange)
    return running
  }

  /** @returns milliseconds */
  async call(): Promise<number> {
    const exchange = (await this.#exchanges()).at(-1)
    if (!exchange) throw new Error('no call to make')
    return this.#send(exchange)
  }

  close(): Promise<void> {
    return this.#workerd.close()
  }

  #token: Promise<string> | undefined
  async #exchanges(): Promise<Exchange[]> {
    const { origin, secrets } = this.#place
    const url = new URL(`${origin}/echo/mcp`)
    if (this.kind === 'none') return modernCalls(url)
    if (this.kind === 'jwt') return modernCalls(url, await this.#once())
    this.#token ??= dpopToken(secrets, origin, 'echo')
    const token = await this.#token
    return provenCalls(url, token, await makeProofs(secrets, url, token))
  }

  #headers: ReturnType<typeof bearer> | undefined
  #once(): ReturnType<typeof bearer> {
    const { origin, secrets } = this.#place
    return (this.#headers ??= bearer(secrets, origin, 'echo'))
  }

  /** On a connection of its own: an idle one would be closed. @returns milliseconds */
  async #send(exchange: Exchange): Promise<number> {
    const connection = await HttpConnection.open(this.#place.port)
    try {
      const startMs = performance.now()
      const answer = await connection.send(Buffer.from(exchange.request))
      const wrong = wrongWith(exchange, answer)
      if (wrong !== undefined) throw new Error(wrong)
      return performance.now() - startMs
    } finally {
      connection.close()
    }
  }
}
