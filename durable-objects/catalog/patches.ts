/** What an operator changes of a server's overrides and policy: merged, checked and bounded. */
import { type Policy, policySchema } from '#shared/catalog/entry-schema.ts'
import { patchTuning, type Tuning } from '#shared/catalog/tuning.ts'
import { isObject } from '#shared/protocol/jsonrpc.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import { invalid, safeParse } from './admin-input.ts'
import type { AdminFailure } from './state.ts'
import { POLICY_MAX_BYTES, TUNING_MAX_BYTES } from '../limits.ts'

/** @param patch RFC 7396, on top of `tuning` */
export function boundedTuning(tuning: Tuning, patch: unknown): Result<Tuning, string> {
  const patched = patchTuning(tuning, patch)
  if (!patched.ok || JSON.stringify(patched.value).length <= TUNING_MAX_BYTES) return patched
  return fail(`Overrides of one server may take ${TUNING_MAX_BYTES} bytes together`)
}

/** @param patch members of a policy; `null` takes one away */
export function patchedPolicy(policy: Policy, patch: unknown): Result<Policy, AdminFailure> {
  if (!isObject(patch)) return invalid('A policy is a JSON object')
  const unknown = Object.keys(patch).find((key) => !Object.hasOwn(policySchema.shape, key))
  if (unknown !== undefined) return invalid(`A policy has no member "${unknown}"`)
  const merged = Object.entries({ ...policy, ...patch }).filter(([, value]) => value !== null)
  const parsed = safeParse(policySchema, Object.fromEntries(merged))
  return parsed.ok ? boundedPolicy(parsed.value) : parsed
}

export function boundedPolicy(policy: Policy): Result<Policy, AdminFailure> {
  if (JSON.stringify(policy).length > POLICY_MAX_BYTES) {
    return invalid(`A policy may take ${POLICY_MAX_BYTES} bytes`)
  }
  return policy.visibility === 'off'
    ? invalid('visibility is private or public; to turn a server off, disable it')
    : ok(policy)
}
