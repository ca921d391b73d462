/**
 * When an object that lives by use is to delete itself: the time is kept with its
 * data, and each renewal moves the alarm. What is past it is gone for callers at
 * once, whenever the alarm comes.
 */
const EXPIRES_MS = 'expires_ms'

export class Expiry {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /** When it ends, in milliseconds since the epoch; 0: there is nothing. */
  get expiresMs(): number {
    return this.#storage.kv.get<number>(EXPIRES_MS) ?? 0
  }

  /** Whether there is something, and its time is not over. */
  isAlive(nowMs: number): boolean {
    return this.expiresMs > nowMs
  }

  /** Keeps the object at least so long from now on. @param stepMs a renewal by less is not written */
  renew(keptMs: number, nowMs: number, stepMs = 0): void {
    const expiresMs = nowMs + keptMs
    if (this.expiresMs + stepMs >= expiresMs) return
    this.#storage.kv.put(EXPIRES_MS, expiresMs)
    void this.#storage.setAlarm(expiresMs)
  }

  /** For the alarm: forgets everything that is due. @returns whether it was */
  async sweep(nowMs: number): Promise<boolean> {
    const { expiresMs } = this
    if (expiresMs > nowMs) {
      await this.#storage.setAlarm(expiresMs)
      return false
    }
    await this.#storage.deleteAll()
    return true
  }
}
