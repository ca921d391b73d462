/**
 * One JSON line per event. Never pass a token, proof, cookie, tool argument or
 * result in `fields`: what is logged here is kept by the account's log sink.
 */
export type LogFields = Record<string, string | number | boolean | null | undefined>

export function logEvent(event: string, fields: LogFields = {}): void {
  console.log(JSON.stringify({ event, ...fields }))
}

/**
 * Logs an unexpected error and returns the reference a caller may be shown
 * ("Internal error (ref 7f3a9c01)"): the only thing that joins answer and log.
 */
export function logUnexpected(event: string, error: unknown, fields: LogFields = {}): string {
  const ref = crypto.randomUUID().slice(0, 8)
  const name = error instanceof Error ? error.name : typeof error
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? error.stack : undefined
  console.error(JSON.stringify({ event, ref, name, message, stack, ...fields }))
  return ref
}
