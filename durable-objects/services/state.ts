/**
 * The store behind one handle (`ctx.state`). There only once it was made, and gone
 * a week after its last use; deletes itself by alarm.
 *
 * Does NOT check who asks: its name says whose handle it is, and only the
 * entrypoint Platform, after the capability, names it.
 */
import { DurableObject } from 'cloudflare:workers'
import { STATE_KEPT_MS, STATE_RENEWAL_STEP_MS } from '#shared/services/limits.ts'
import { StateStore } from '#shared/services/state-store.ts'
import { fail } from '#shared/lib/result.ts'
import type { State, StateOperation } from '#shared/contracts/entrypoints.ts'
import { Expiry } from '../expiry.ts'

export class StateObject extends DurableObject<Cloudflare.Env> implements State {
  readonly #expiry: Expiry
  readonly #store: StateStore

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    this.#expiry = new Expiry(state.storage)
    this.#store = new StateStore(state.storage.kv)
  }

  create(): void {
    this.#expiry.renew(STATE_KEPT_MS, Date.now())
  }

  use(operation: StateOperation): ReturnType<State['use']> {
    const nowMs = Date.now()
    if (!this.#expiry.isAlive(nowMs)) return fail({ reason: 'unknown' })
    this.#expiry.renew(STATE_KEPT_MS, nowMs, STATE_RENEWAL_STEP_MS)
    return this.#store.apply(operation)
  }

  override async alarm(): Promise<void> {
    await this.#expiry.sweep(Date.now())
  }
}
