/**
 * Work that one request begins and others wait for. In workerd such work belongs
 * to the request that began it and may die with it without ever settling, so it
 * is registered with `waitUntil`, and whoever waits has a timer of their own.
 */

/** The part of `ExecutionContext` and `DurableObjectState` that keeps work alive. */
export interface Lifetime {
  waitUntil(work: Promise<unknown>): void
}

/** @throws DOMException `TimeoutError` when `work` has not settled after `timeoutMs` */
export async function withTimeout<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | null = null
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DOMException(`No answer within ${timeoutMs} ms`, 'TimeoutError'))
    }, timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
