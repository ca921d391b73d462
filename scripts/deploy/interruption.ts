/**
 * Ctrl-C in a command of several steps. It is noted once for the whole command: a step
 * that has begun may finish, and nothing new begins.
 */
import { Interrupted } from '../stop.ts'

let isInterrupted = false
const note = (): void => {
  isInterrupted = true
}

/** Notes Ctrl-C from now on, where it would end the process. @returns what ends that */
export function watchInterruption(): () => void {
  isInterrupted = false
  process.on('SIGINT', note).on('SIGTERM', note)
  return () => {
    process.off('SIGINT', note).off('SIGTERM', note)
  }
}

/** @throws Interrupted when Ctrl-C came since {@link watchInterruption} */
export function checkInterruption(where?: string): void {
  if (isInterrupted) throw new Interrupted(where)
}
