/** Busy cores, as beside another build: what only shows under load shows here. */
import { Worker } from 'node:worker_threads'

/** Nothing of a test that was killed goes on for longer. */
const BUSY_MAX_MS = 120_000

/** @param threads that compute and never wait */
export function keepBusy(threads: number): Disposable {
  const source = `const endMs = Date.now() + ${BUSY_MAX_MS}\nwhile (Date.now() < endMs);`
  const workers = Array.from({ length: threads }, () => new Worker(source, { eval: true }))
  return {
    [Symbol.dispose]() {
      for (const worker of workers) void worker.terminate()
    },
  }
}
