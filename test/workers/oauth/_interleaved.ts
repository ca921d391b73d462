/** Objects reached through a namespace that delays calls, or breaks them: interleavings on purpose. */

/** Longer than two calls of one object take, and different for each call. */
const DELAY_MAX_MS = 6

type Method = (...args: unknown[]) => Promise<unknown>

/** @param around runs one call of a method; `call` makes a new stub each time */
function through(
  namespace: DurableObjectNamespace,
  around: (call: () => Promise<unknown>, method: string) => Promise<unknown>,
): DurableObjectNamespace {
  const stubOf = (name: string) =>
    new Proxy(
      {},
      {
        get: (_, method) => {
          if (typeof method !== 'string' || method === 'then') return undefined
          return (...args: unknown[]) =>
            around(() => {
              const stub = namespace.getByName(name) as unknown as Record<string, Method>
              return stub[method]!(...args)
            }, method)
        },
      },
    )
  return { getByName: stubOf } as unknown as DurableObjectNamespace
}

/** Each call waits before and after, so that requests overtake each other. */
export const delayed = (namespace: DurableObjectNamespace): DurableObjectNamespace => {
  const wait = () => new Promise((resolve) => setTimeout(resolve, Math.random() * DELAY_MAX_MS))
  return through(namespace, async (call) => {
    await wait()
    const answer = await call()
    await wait()
    return answer
  })
}

export interface Breaking {
  readonly namespace: DurableObjectNamespace
  /**
   * The next calls, so many of them, fail as those of an object do that is moving.
   *
   * @param only the method that fails; absent: whichever is called
   */
  breakNext(calls: number, properties?: Record<string, true>, only?: string): void
  /** Methods that were called since, broken ones included. */
  readonly called: string[]
}

/** What workerd throws when the connection to an object is lost. */
export function breaking(namespace: DurableObjectNamespace): Breaking {
  let left = 0
  let failing: string | undefined
  let said: Record<string, true> = {}
  const called: string[] = []
  return {
    called,
    breakNext(calls, properties = { retryable: true }, only) {
      left = calls
      said = properties
      failing = only
      called.length = 0
    },
    namespace: through(namespace, async (call, method) => {
      called.push(method)
      if (left === 0 || (failing ?? method) !== method) return call()
      left -= 1
      throw Object.assign(new Error('Network connection lost.'), said)
    }),
  }
}
