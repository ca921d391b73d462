/**
 * One run of a tool, across its rounds and attempts: claimed once, each step
 * recorded once (DESIGN §4.6). Deletes itself by alarm.
 *
 * Does NOT check who asks: its name says whose run it is, and only the entrypoint
 * Platform, after the capability, names it.
 */
import { DurableObject } from 'cloudflare:workers'
import { RunStore } from '#shared/services/run-store.ts'
import type { Run } from '#shared/contracts/entrypoints.ts'
import { Expiry } from '../expiry.ts'

export class RunObject extends DurableObject<Cloudflare.Env> implements Run {
  readonly #expiry: Expiry
  readonly #store: RunStore

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#expiry = new Expiry(state.storage)
    this.#store = new RunStore(state.storage.kv)
  }

  claim(round: number, keptMs: number): boolean {
    this.#expiry.renew(keptMs, Date.now())
    return this.#store.claim(round)
  }

  release(round: number): void {
    this.#store.release(round)
  }

  step(key: string): string | undefined {
    return this.#store.step(key)
  }

  record(key: string, json: string, keptMs: number): ReturnType<Run['record']> {
    this.#expiry.renew(keptMs, Date.now())
    return this.#store.record(key, json)
  }

  override async alarm(): Promise<void> {
    await this.#expiry.sweep(Date.now())
  }
}
