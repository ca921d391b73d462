/** Which core the servers get and which the load: side by side on one, each would measure the other. */
import { availableParallelism } from 'node:os'

export interface Cores {
  readonly server: number | undefined
  readonly load: number | undefined
}

/** Pins only where `taskset` is (Linux), and only when there are two cores to share out. */
export function assignCores(): Cores {
  const canPin = process.platform === 'linux' && availableParallelism() > 1
  return canPin ? { server: 0, load: 1 } : { server: undefined, load: undefined }
}

/** @returns program and arguments that run `command` on one core */
export function pinned(
  core: number | undefined,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command]
}
