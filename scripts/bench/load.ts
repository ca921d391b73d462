/** Handle of the load generator's process. One job at a time. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pinned } from './cores.ts'
import type { Exchange } from './request.ts'

export interface LoadJob {
  readonly port: number
  readonly exchanges: readonly Exchange[]
  readonly connections: number
  readonly milliseconds: number
  /** See `Row`. */
  readonly sentOnce: boolean
}

export interface LoadResult {
  readonly calls: number
  readonly seconds: number
  readonly latencyP50Us: number
  readonly latencyP99Us: number
}

export type LoadReply = LoadResult | { readonly failure: string }

export class LoadGenerator {
  readonly #child: ChildProcess
  readonly #died: Promise<never>

  /** @param core CPU number it runs on; `undefined` = wherever the system puts it */
  constructor(core: number | undefined) {
    const [program, ...args] = pinned(core, [
      process.execPath,
      join(import.meta.dirname, 'load-worker.ts'),
    ])
    this.#child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#died = once(this.#child, 'exit').then(() => {
      throw new Error('the load generator ended')
    })
    // Its end matters only while it is waited for.
    this.#died.catch(() => undefined)
  }

  /** @throws Error naming the first wrong answer */
  async run(job: LoadJob): Promise<LoadResult> {
    const answered = once(this.#child, 'message') as Promise<[LoadReply]>
    this.#child.send(job)
    const [reply] = await Promise.race([answered, this.#died])
    if ('failure' in reply) throw new Error(reply.failure)
    return reply
  }

  close(): void {
    this.#child.kill()
  }
}
