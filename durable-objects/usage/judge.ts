/** When a canary has done enough harm to be taken back. Pure. */
import type { CanaryWatch, UsageTotals } from '#shared/catalog/usage.ts'

/** @returns one sentence for the history; `undefined`: it may go on */
export function whyTakeBack(
  { calls, errors, p95Ms }: UsageTotals,
  { maxErrorPercent, minCalls, maxP95Ms }: CanaryWatch,
): string | undefined {
  if (calls < minCalls) return undefined
  const errorPercent = (errors / calls) * 100
  if (errorPercent > maxErrorPercent) {
    return `${errors} of ${calls} calls failed: more than ${maxErrorPercent} %`
  }
  if (maxP95Ms !== undefined && p95Ms > maxP95Ms) {
    return `One call in twenty takes ${p95Ms} ms or more: above ${maxP95Ms} ms`
  }
  return undefined
}
