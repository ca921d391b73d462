/**
 * Counts calls by revision in the isolate's memory, and hands the sums to the
 * server's Usage object some seconds after the first: one object call for as many
 * calls as came meanwhile, never before an answer.
 *
 * Does NOT promise every count: an isolate that ends takes its last seconds along.
 */
import { armKeyOf } from '#shared/catalog/entry.ts'
import type { Meter, RecordedCall } from '#shared/gateway/ports.ts'
import type { Lifetime } from '#shared/lib/lifetime.ts'
import { bucketOf, emptyLatencies, type UsageRow, usageOf } from '#shared/catalog/usage.ts'
import { logUnexpected } from '#shared/lib/log.ts'
import {
  USAGE_CANARY_FLUSH_MS,
  USAGE_FLUSH_MS,
  USAGE_LOST_MS,
  USAGE_VIEWS_MAX,
} from '#shared/gateway/limits.ts'

interface Counts {
  calls: number
  errors: number
  latencies: number[]
}

/** What waits to be handed on, of one server. */
interface Window {
  readonly views: Map<string, Counts>
  hasCanary: boolean
  /** When it was last given to a request to hand on. */
  givenMs: number
}

export class UsageCounter implements Meter {
  readonly #usage: DurableObjectNamespace
  readonly #windows = new Map<string, Window>()

  constructor(usage: DurableObjectNamespace) {
    this.#usage = usage
  }

  record(call: RecordedCall, lifetime: Lifetime): void {
    // What the gateway refused says nothing of a revision.
    if (!call.wasAsked) return
    const { server, arm, hasCanary, outcome, latencyMs } = call
    const nowMs = Date.now()
    let window = this.#windows.get(server)
    if (!window) {
      window = { views: new Map(), hasCanary, givenMs: nowMs }
      this.#windows.set(server, window)
      lifetime.waitUntil(this.#handOn(server, window))
    } else if ((hasCanary && !window.hasCanary) || nowMs - window.givenMs > USAGE_LOST_MS) {
      // A canary came while this window was open: its first calls must not wait for the end.
      // Or the request that was to hand it on died, and its timer with it.
      window.hasCanary = hasCanary
      window.givenMs = nowMs
      lifetime.waitUntil(this.#handOn(server, window))
    }
    const view = armKeyOf(arm)
    let counts = window.views.get(view)
    if (!counts) {
      if (window.views.size >= USAGE_VIEWS_MAX) return
      counts = { calls: 0, errors: 0, latencies: emptyLatencies() }
      window.views.set(view, counts)
    }
    counts.calls += 1
    if (outcome === 'failed' || outcome === 'tool_error') counts.errors += 1
    const bucket = bucketOf(latencyMs)
    counts.latencies[bucket] = (counts.latencies[bucket] ?? 0) + 1
  }

  async #handOn(server: string, window: Window): Promise<void> {
    const waitMs = window.hasCanary ? USAGE_CANARY_FLUSH_MS : USAGE_FLUSH_MS
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    if (this.#windows.get(server) !== window) return
    this.#windows.delete(server)
    const rows: UsageRow[] = [...window.views].map(([view, counts]) => ({ view, ...counts }))
    try {
      await usageOf(this.#usage, server).report(server, rows, window.hasCanary)
    } catch (error) {
      logUnexpected('usage_not_counted', error, { server })
    }
  }
}
