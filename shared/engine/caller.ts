/**
 * Who calls and what the router allowed, from the two internal headers.
 * Verified once per isolate and text: an assertion is repeated for five minutes.
 */
import { verifyAssertion } from '../identity/assertion.ts'
import type { Principal } from '../identity/principal.ts'
import { createLruCache } from '../lib/lru-cache.ts'
import {
  DECISION_HEADER,
  decodeDecision,
  INTERNAL_HEADER_MAX_BYTES,
  PRINCIPAL_HEADER,
  type Decision,
} from '../contracts/inner-wire.ts'
import type { Built } from './built.ts'
import { CALLER_CACHE_ENTRIES, DECISION_CACHE_ENTRIES } from './limits.ts'

export interface Caller {
  readonly principal: Principal
  readonly decision: Decision
}

interface Verified {
  principal: Principal
  expiresAtSeconds: number
}

/** Reads callers of one server; `undefined` = not a call of the router's, refuse without detail. */
export class CallerReader {
  readonly #built: Built
  readonly #verified = createLruCache<Verified>(CALLER_CACHE_ENTRIES)
  readonly #decisions = createLruCache<Decision>(DECISION_CACHE_ENTRIES)

  constructor(built: Built) {
    this.#built = built
  }

  async read(headers: Headers, nowSeconds: number): Promise<Caller | undefined> {
    const assertion = headers.get(PRINCIPAL_HEADER)
    const decisionText = headers.get(DECISION_HEADER)
    if (!assertion || !decisionText) return undefined
    const known = this.#verified.get(assertion)
    const verified =
      known && known.expiresAtSeconds > nowSeconds
        ? known
        : await this.#verify(assertion, nowSeconds)
    if (!verified) return undefined
    const decision = this.#decide(decisionText)
    return decision && { principal: verified.principal, decision }
  }

  async #verify(assertion: string, nowSeconds: number): Promise<Verified | undefined> {
    this.#verified.delete(assertion)
    if (assertion.length > INTERNAL_HEADER_MAX_BYTES) return undefined
    const { trust, name } = this.#built
    const outcome = await verifyAssertion(trust, name, assertion, nowSeconds)
    if (!outcome.ok) return undefined
    const { principal, expiresAtSeconds } = outcome.value
    // Shared by every call of this caller: a handler must not change it for the next one.
    Object.freeze(principal.scopes)
    freezeIdentity(principal)
    const verified = { principal: Object.freeze(principal), expiresAtSeconds }
    this.#verified.set(assertion, verified)
    return verified
  }

  #decide(text: string): Decision | undefined {
    const known = this.#decisions.get(text)
    if (known) return known
    const decision = decodeDecision(text)
    if (decision) this.#decisions.set(text, decision)
    return decision
  }
}

function freezeIdentity({ groups, claims }: Principal): void {
  Object.freeze(groups)
  Object.freeze(claims)
  for (const value of Object.values(claims ?? {})) Object.freeze(value)
}
