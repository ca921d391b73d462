/** Progress of an attempt, shown at most so often, the last report always. */
import type { JsonObject } from '#shared/protocol/jsonrpc.ts'
import { PROGRESS_INTERVAL_MS } from './limits.ts'
import { statusLine } from './wire.ts'

export type Report = { progress: number; total?: number; message?: string }

export class Reports {
  readonly #show: (report: Report, message: string) => void
  #pending: Report | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(show: (report: Report, message: string) => void) {
    this.#show = show
  }

  /** @param params of a `notifications/progress`; what is none is dropped */
  add({ progress, total, message }: JsonObject): void {
    if (typeof progress !== 'number') return
    this.#pending = {
      progress,
      ...(typeof total === 'number' ? { total } : {}),
      ...(typeof message === 'string' ? { message: statusLine(message) } : {}),
    }
    // The first at once, those that follow together.
    if (this.#timer === undefined) this.#cycle()
  }

  flush(): void {
    const report = this.#pending
    this.#pending = undefined
    if (report) this.#show(report, textOf(report))
  }

  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #cycle(): void {
    if (!this.#pending) return this.stop()
    this.flush()
    this.#timer = setTimeout(() => this.#cycle(), PROGRESS_INTERVAL_MS)
  }
}

const textOf = ({ progress, total, message }: Report): string =>
  message ?? (total === undefined ? String(progress) : `${progress} of ${total}`)
