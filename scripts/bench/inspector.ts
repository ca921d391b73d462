/** One Worker's CPU profile over the inspector (Chrome DevTools Protocol, domain Profiler). */

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
  }[]
  /**
   * Node ids, one per {@link SAMPLING_INTERVAL_US}. (The profile's own time deltas also
   * hold the time other Workers of the process ran, so they are of no use here.)
   */
  readonly samples: readonly number[]
}

interface Reply {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export const SAMPLING_INTERVAL_US = 100

export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #lastId = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data))))
  }

  /** Starts profiling the Worker `service` of the process whose inspector listens on `port`. */
  static async attach(port: number, service: string): Promise<Inspector> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${service}`)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', () => reject(new Error(`no inspector of ${service}`)))
    })
    const inspector = new Inspector(socket)
    await inspector.#call('Profiler.enable')
    await inspector.#call('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US })
    await inspector.#call('Profiler.start')
    return inspector
  }

  async stop(): Promise<CpuProfile> {
    const { profile } = (await this.#call('Profiler.stop')) as { profile: CpuProfile }
    this.#socket.close()
    return profile
  }

  #call(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#lastId
    const reply = Promise.withResolvers<unknown>()
    this.#waiting.set(id, reply)
    this.#socket.send(JSON.stringify({ id, method, params }))
    return reply.promise
  }

  #receive({ id, result, error }: Reply): void {
    const waiting = id === undefined ? undefined : this.#waiting.get(id)
    if (error) waiting?.reject(new Error(error.message))
    else waiting?.resolve(result)
  }
}
