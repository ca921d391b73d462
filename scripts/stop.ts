/**
 * An expected failure of a script: one screen that says where, what and what to
 * do. Everything else that is thrown is a bug and keeps its stack.
 */
export class Stop extends Error {
  override readonly name: string = 'Stop'
  readonly exitCode: number = 1

  constructor(where: string, what: string, remedy: string) {
    super(`${where}\n  ${what.replaceAll('\n', '\n  ')}\n  → ${remedy}`)
  }
}

/** Ctrl-C: what was done stays, and doing it again is safe. */
export class Interrupted extends Stop {
  override readonly name = 'Interrupted'
  /** 128 + SIGINT, as shells count. */
  override readonly exitCode = 130

  constructor(where = 'Interrupted') {
    super(where, 'It stopped here.', 'Run the same command again: what was done is not lost.')
  }
}

/** There was nobody to ask before something that cannot be undone. Nothing was changed. */
export class Unconfirmed extends Stop {
  override readonly name = 'Unconfirmed'
  /** As for a command that was used wrongly: the caller left `--yes` out. */
  override readonly exitCode = 2
}

/** Runs a script's main function and turns a {@link Stop} into a message and its exit code. */
export async function runScript(main: () => void | Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    console.error(`\n✘ ${error.message}\n`)
    process.exitCode = error.exitCode
  }
}
