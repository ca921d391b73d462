/** Steps that are shown as they go, can be interrupted between any two, and done again. */
import { checkInterruption, watchInterruption } from './interruption.ts'
import { Interrupted, Stop } from '../stop.ts'

export interface Step {
  /** What is done, e.g. `upload clock`. */
  readonly title: string
  /** Safe to repeat, whether or not it was done before. @throws Stop */
  run(): Promise<void>
}

/** @throws Interrupted when Ctrl-C came, after the step it came in */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  const unwatch = watchInterruption()
  try {
    for (const [index, step] of steps.entries()) {
      const label = `[${index + 1}/${steps.length}] ${step.title}`
      process.stdout.write(`  ${label} …`)
      await timed(step, label)
      checkInterruption(`Interrupted after ${label}`)
    }
  } finally {
    unwatch()
  }
}

async function timed(step: Step, label: string): Promise<void> {
  const startMs = Date.now()
  try {
    await step.run()
    process.stdout.write(` ${seconds(Date.now() - startMs)}\n`)
  } catch (error) {
    process.stdout.write(' ✘\n')
    if (error instanceof Interrupted) throw new Interrupted(`Interrupted in ${label}`)
    throw error
  }
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export function showPlan(steps: readonly Step[]): string {
  return steps.map(({ title }, index) => `  ${index + 1}. ${title}`).join('\n')
}

/** @throws Stop when a name of the command line is none of `known` */
export function checkNames(
  command: string,
  names: readonly string[],
  known: readonly string[],
): void {
  const stranger = names.find((name) => !known.includes(name))
  if (stranger === undefined) return
  throw new Stop(command, `There is no "${stranger}".`, `There are: ${known.join(', ') || 'none'}.`)
}
