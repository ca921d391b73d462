/**
 * An expected failure of a script: one screen that says where, what and what to
 * do. Everything else that is thrown is a bug and keeps its stack.
 */
export class Stop extends Error {
  override readonly name = 'Stop'

  constructor(where: string, what: string, remedy: string) {
    super(`${where}\n  ${what.replaceAll('\n', '\n  ')}\n  → ${remedy}`)
  }
}

/** Runs a script's main function and turns a {@link Stop} into a message and exit code 1. */
export async function runScript(main: () => void | Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    console.error(`\n✘ ${error.message}\n`)
    process.exitCode = 1
  }
}
