/** `npm run secret`: secrets of a deployed server; see `--help`. */
import { text } from 'node:stream/consumers'
import { nextCommand } from '#shared/lib/next-command.ts'
import { parseCommand } from './command-line.ts'
import { isDeployed } from './deploy/account.ts'
import { askSecret } from './deploy/ask-secret.ts'
import { confirm, YES_OPTION } from './deploy/confirm.ts'
import { COMMON_OPTIONS, openTarget, type Target } from './deploy/command.ts'
import { isKeySecret } from './deploy/key-pins.ts'
import { PLATFORM_ROLES, type PlatformRole } from './deploy/names.ts'
import { secretStore } from './deploy/server-secret.ts'
import { runScript, Stop } from './stop.ts'

const COMMAND = 'npm run secret'
const ACTIONS = ['put', 'list', 'delete'] as const
type Action = (typeof ACTIONS)[number]
const NAME = /^[A-Za-z_]\w*$/

const HELP = `npm run secret <server> put|delete <NAME> [-- --env <name>]
npm run secret <server> list [-- --env <name>]

Sets, removes or names the secrets of a deployed server; handlers read them from
ctx.env. \`put\` asks for the value, or reads it from standard input. It is in force at
once, and deploys keep it. <server> may be oauth, for OIDC_CLIENT_SECRET. \`delete\` asks
first; --yes answers.

On this machine, \`npm run dev\` takes secrets from workers/<server>/.dev.vars, which
git ignores: NAME=value, a line each.`

await runScript(async () => {
  const { values, positionals } = parseCommand(COMMAND, {
    allowPositionals: true,
    options: { ...COMMON_OPTIONS, ...YES_OPTION },
  })
  if (values.help) return console.log(HELP)
  const { server, action, name } = readArguments(positionals, values.env)
  const target = await openTarget(
    values.env,
    `NAME=value, a line each, in workers/${server}/.dev.vars`,
  )
  checkDeployed(target, server)
  if (action !== 'list') checkOwn(server, name)
  const store = secretStore(target, server)
  if (action === 'list') return console.log((await store.list()).join('\n') || 'none')
  if (action === 'put') await store.put(name, await readValue(name))
  else {
    const command = nextCommand(values.env, 'secret', server, 'delete', name)
    const consequence = `${name} of ${server} in ${values.env} will be deleted; its value cannot be read back.`
    await confirm({ command, consequence, name }, values.yes)
    await store.delete(name)
  }
  console.log(`✓ ${server}: ${name} ${action === 'put' ? 'is set' : 'is gone'}`)
})

function readArguments(positionals: readonly string[], env: string) {
  const [server, action, name = '', ...more] = positionals
  const known = ACTIONS.find((each) => each === action)
  const complete = known === 'list' ? name === '' : NAME.test(name)
  if (server !== undefined && known !== undefined && complete && more.length === 0) {
    return { server, action: known satisfies Action, name }
  }
  const misnamed = known !== undefined && name !== '' && !NAME.test(name)
  throw new Stop(
    COMMAND,
    misnamed
      ? `"${name}" cannot be a secret's name: letters, digits and _, no digit first.`
      : 'Say which server, what to do, and with which name.',
    `E.g. ${nextCommand(env, 'secret', 'notes', 'put', 'API_KEY')}`,
  )
}

function checkDeployed({ state, settings }: Target, server: string): void {
  const role = PLATFORM_ROLES.includes(server as PlatformRole)
  if (role || isDeployed(state, settings, server)) return
  throw new Stop(
    nextCommand(settings.env, 'secret', server),
    `${server} is not deployed in ${settings.env}.`,
    `Run first: ${nextCommand(settings.env, 'deploy', server)}`,
  )
}

/** A key of the platform that is set by hand fits no copy of the key file any more. */
function checkOwn(server: string, name: string): void {
  const role = PLATFORM_ROLES.find((each) => each === server)
  if (role === undefined || !isKeySecret(role, name)) return
  throw new Stop(
    `secret ${server}`,
    `${name} is a key of the platform: its key file and the other Workers must change with it.`,
    'To have a new one, rotate it: npm run rotate -- --help',
  )
}

async function readValue(name: string): Promise<string> {
  if (process.stdin.isTTY) return askSecret(`Value of ${name}`)
  return (await text(process.stdin)).replace(/\r?\n$/, '')
}
