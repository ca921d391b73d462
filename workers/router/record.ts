/**
 * Step 7 of the request path: audit, metrics and traces, after the answer. Must
 * never delay or fail a call. Nothing is recorded yet beyond the log lines of
 * refusals.
 */
export function record(): void {
  return
}
