/** Asks before what cannot be undone. */
import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { Stop, Unconfirmed } from '../stop.ts'

/** The option of every command that asks. */
export const YES_OPTION = { yes: { type: 'boolean', default: false } } as const

export interface Question {
  /** The whole command line without `--yes`, as nextCommand makes it. */
  readonly command: string
  /** What is lost or ended, a sentence. */
  readonly consequence: string
  /** What a person types to go on: a name that says what is meant. */
  readonly name: string
}

/**
 * Call it before anything is changed.
 *
 * @param yes whether `--yes` was given: scripts cannot type
 * @throws Unconfirmed (exit code 2) without a terminal; Stop when something else than the name was typed
 */
export async function confirm(question: Question, yes: boolean): Promise<void> {
  if (yes) return
  const { command, consequence, name } = question
  const remedy = `To go on: ${withYes(command)}`
  if (!process.stdin.isTTY) {
    const what = `${consequence}\nThis cannot be undone, and there is no terminal to ask at.`
    throw new Unconfirmed(command, what, remedy)
  }
  console.log(consequence)
  const reader = createInterface({ input: process.stdin, output: process.stdout })
  // Ctrl-D and Ctrl-C are an answer, too: no.
  const closed = once(reader, 'close').then(() => '')
  const typed = reader.question(`Type ${name} to go on: `).catch(() => '')
  const answer = await Promise.race([typed, closed])
  reader.close()
  if (answer.trim() !== name) throw new Stop(command, 'Nothing was changed.', remedy)
}

const withYes = (command: string): string =>
  command.includes(' -- ') ? `${command} --yes` : `${command} -- --yes`
