/**
 * What a call of a Durable Object throws when the object is at fault, and not the code in it: it
 * moved, was updated, broke off, or has more requests than it can take. Cloudflare's runtime says
 * so by properties of the error (developers.cloudflare.com/durable-objects/best-practices/error-handling).
 *
 * A call that only reads, or that says the same again, is sent a second time ({@link twice}). For
 * all else nobody knows whether the first one counted: the caller is told to retry (503).
 */

/** An object is back within a second; a client that asks at once makes an overload worse. */
export const PASSING_RETRY_SECONDS = 1

interface ObjectFailure {
  readonly retryable?: unknown
  readonly overloaded?: unknown
  readonly durableObjectReset?: unknown
}

/** Whether the same call may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { retryable, overloaded, durableObjectReset } = error as ObjectFailure
  return retryable === true || overloaded === true || durableObjectReset === true
}

/**
 * Sends a call again that may be sent again. A stub is broken after such an error, so `call` makes
 * its own. An overloaded object is not asked twice.
 */
export async function twice<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    if (!isPassing(error) || (error as ObjectFailure).overloaded === true) throw error
    return await call()
  }
}
