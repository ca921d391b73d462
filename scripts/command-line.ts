/** How every script reads its options: one message for a wrong one, none that npm swallowed goes unnoticed. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { Stop } from './stop.ts'

/** Settings of npm itself, which may stand in an `.npmrc` and then say nothing about this command. */
const SETTINGS_OF_NPM: ReadonlySet<string> = new Set([
  'before',
  'json',
  'key',
  'only',
  'scope',
  'yes',
])

/**
 * @param command as typed, e.g. `npm run deploy`
 * @param config `args` default to the process's
 * @throws Stop naming the option that is unknown, lacks its value, or stands where npm takes it
 */
export function parseCommand<Config extends ParseArgsConfig>(
  command: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (config.args === undefined) refuseSwallowed(command, config, process.env)
  try {
    return parseArgs(config)
  } catch (error) {
    // Node goes on with advice about "--" that is wrong behind `npm run`.
    const [what = ''] = (error as Error).message.split('. To specify')
    throw new Stop(command, `${what.replace(/\.?$/, '.')}`, `See \`${command} -- --help\`.`)
  }
}

/**
 * Without ` -- ` npm keeps an option for itself: `npm run deploy --dry-run` would
 * deploy, and `--env=staging` would mean production. npm hands on what it kept as
 * `npm_config_<option>`.
 */
function refuseSwallowed(
  command: string,
  { options = {} }: ParseArgsConfig,
  env: NodeJS.ProcessEnv,
): void {
  const swallowed = Object.keys(options).find(
    (name) => !SETTINGS_OF_NPM.has(name) && env[`npm_config_${name.replaceAll('-', '_')}`],
  )
  if (swallowed === undefined) return
  throw new Stop(
    command,
    `npm kept --${swallowed} for itself: nothing was done.`,
    `Options come after a lone "--": ${command} … -- --${swallowed}${options[swallowed]?.type === 'string' ? ' …' : ''}`,
  )
}
