/**
 * The command lines that scripts and pages tell an operator to run. All of them are made here, so that each
 * names the environment it was found in: a remedy for staging must never act on production.
 */

export const PRODUCTION = 'production'
/** The platform on this machine: nothing of it is deployed. */
export const DEV = 'dev'

/** Commands that act on an environment, and the one they mean without `--env`; `undefined`: on all. */
export const ENVIRONMENT_COMMANDS = {
  deploy: PRODUCTION,
  'owner-link': PRODUCTION,
  secret: PRODUCTION,
  machine: PRODUCTION,
  'api-key': PRODUCTION,
  remove: PRODUCTION,
  rename: PRODUCTION,
  rotate: PRODUCTION,
  backup: PRODUCTION,
  restore: PRODUCTION,
  doctor: undefined,
  catalog: DEV,
} as const

export type EnvironmentCommand = keyof typeof ENVIRONMENT_COMMANDS

/** Where a command was run: an environment, and the address where it was not the environment's own. */
export interface Place {
  readonly env: string
  readonly url?: string | undefined
}

/** Their words all stand behind the lone `--`, as their help shows them. */
const BEHIND_DASHES: ReadonlySet<EnvironmentCommand> = new Set(['api-key', 'catalog'])

/**
 * @param args words, then options with their values; both as they are typed
 * @returns e.g. `npm run rotate anchor -- --env staging --finish`
 * @example
 * new Stop(path, 'The keys are lost.', `Run: ${nextCommand(env, 'rotate', 'everything')}`)
 */
export function nextCommand(
  place: string | Place,
  command: EnvironmentCommand,
  ...args: readonly string[]
): string {
  const { env, url } = typeof place === 'string' ? { env: place } : place
  const firstOption = args.findIndex((arg) => arg.startsWith('--'))
  const words = firstOption < 0 ? args : args.slice(0, firstOption)
  const options = [
    ...(env === ENVIRONMENT_COMMANDS[command] ? [] : ['--env', env]),
    ...(url === undefined ? [] : ['--url', url]),
    ...args.slice(words.length),
  ]
  const [before, behind] = BEHIND_DASHES.has(command)
    ? [[], [...words, ...options]]
    : [words, options]
  return ['npm run', command, ...before, ...(behind.length > 0 ? ['--', ...behind] : [])].join(' ')
}
