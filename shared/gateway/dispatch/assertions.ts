/** Principal assertions, minted once per caller, server and isolate, and renewed before they end. */
import { mintAssertion, type SigningKey } from '../../identity/assertion.ts'
import type { Caller } from '../authenticate/caller.ts'
import { ASSERTION_RENEW_SECONDS } from '../limits.ts'

/** The text for PRINCIPAL_HEADER, kept on the verdict (which is of one server). */
export async function assertionFor(
  caller: Caller,
  signingKey: SigningKey,
  nowSeconds: number,
): Promise<string> {
  const kept = caller.assertion
  if (kept && kept.renewAtSeconds > nowSeconds) return kept.text
  const text = await mintAssertion(signingKey, caller.server, caller.principal, nowSeconds)
  caller.assertion = { text, renewAtSeconds: nowSeconds + ASSERTION_RENEW_SECONDS }
  return text
}
