/** Asks a person for a secret, without showing it: it would stay on the screen and in scrollback. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** Only where standard input is a terminal. */
export async function askSecret(prompt: string): Promise<string> {
  process.stdout.write(`${prompt}: `)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true })
  const value = await reader.question('')
  reader.close()
  process.stdout.write('\n')
  return value
}
