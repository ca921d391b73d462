/** Asks before what cannot be undone. */
import { createInterface } from 'node:readline/promises'
import { Stop } from '../stop.ts'

/** @throws Stop unless the name was typed, or `--yes` given */
export async function confirm(command: string, name: string, yes: boolean): Promise<void> {
  if (yes) return
  const stop = (what: string): Stop => new Stop(command, what, `To go on: ${command} -- --yes`)
  if (!process.stdin.isTTY) throw stop('This cannot be undone, and nobody is here to ask.')
  const reader = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await reader.question(`Type ${name} to go on: `)
  reader.close()
  if (answer.trim() !== name) throw stop('Nothing was changed.')
}
