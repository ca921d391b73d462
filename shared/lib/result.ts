/**
 * Expected failures are values (DESIGN: "expected failures are values with a code").
 * Anything thrown is a bug or an outage and is masked at the edge of a Worker.
 */
export type Result<Value, Failure> = { ok: true; value: Value } | { ok: false; failure: Failure }

export const ok = <Value>(value: Value): { ok: true; value: Value } => ({ ok: true, value })
export const fail = <Failure>(failure: Failure): { ok: false; failure: Failure } => ({
  ok: false,
  failure,
})
