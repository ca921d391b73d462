/** `npm run catalog -- <command>`: what every caller is shown, on a platform that runs; see `--help`. */
import { nextCommand } from '#shared/lib/next-command.ts'
import { confirm } from './deploy/confirm.ts'
import { readDeployedSettings } from './deploy/settings.ts'
import { DEV } from './gen/trust.ts'
import { misused, parse, placeOf, type Values } from './catalog/arguments.ts'
import { createCatalogClient, currentToken, operatorOf } from './catalog/client.ts'
import { COMMANDS } from './catalog/commands.ts'
import { questionOf } from './catalog/questions.ts'
import { isNotTaken } from './catalog/show.ts'
import { keepTokens } from './catalog/token-file.ts'
import { surplusOf } from './catalog/usage.ts'
import { runScript } from './stop.ts'

const DEV_ORIGIN = 'http://localhost:8787'

const HELP = `npm run catalog -- <command> [options]

${Object.entries(COMMANDS)
  .map(([name, { usage, summary }]) => `  ${`${name} ${usage}`.trim()}\n      ${summary}`)
  .join('\n')}
  whoami
      what OPERATORS would call you
  logout
      forgets the token kept on this machine

  --env <name>    an environment that was deployed; default: npm run dev's
  --url <origin>  the platform, where it is not where the environment says
  --token <t>     an access token for <origin>/catalog; default: MCP_EDGE_TOKEN, else your browser signs in
  --note <words>  why, for the history
  --json          what the platform answered, for programs

JSON may be given in place, as @file, or as - (standard input).`

await runScript(async () => {
  const { values, positionals } = parse()
  const [name, ...args] = positionals
  if (values.help || name === undefined) return console.log(HELP)
  const origin = originOf(values)
  const token = values.token ?? process.env['MCP_EDGE_TOKEN']
  if (name === 'logout') return keepTokens(origin, undefined)
  if (name === 'whoami') return console.log(operatorOf(token ?? (await currentToken(origin))))
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) throw misused(`There is no command "${name}".`)
  if (command.usage.startsWith('<') && args.length === 0) throw misused(`${name} ${command.usage}`)
  const surplus = surplusOf(command.usage, args, values)
  if (surplus !== undefined) {
    throw misused(`${name} takes no ${surplus}. It is: ${`${name} ${command.usage}`.trim()}`)
  }
  const place = placeOf(values)
  const question = questionOf(name, args, values)
  if (question) {
    const asked = nextCommand(place, 'catalog', name, ...args, ...question.options)
    await confirm({ ...question, command: asked }, values.yes)
  }
  const { answer, text, failed } = await command.run(
    createCatalogClient(origin, place, token),
    args,
    values,
  )
  console.log(values.json ? JSON.stringify(answer) : text)
  if (!failed && !isNotTaken(answer)) return
  process.exitCode = 1
  if (isNotTaken(answer) || answer.isLost === true) {
    console.error(`  → What to do: ${nextCommand(place, 'catalog', 'status')}`)
  }
})

function originOf({ url, env }: Values): string {
  if (url === undefined) {
    return env === undefined || env === DEV
      ? DEV_ORIGIN
      : readDeployedSettings(env, 'leave --env out').publicOrigin
  }
  const { origin } = URL.parse(url) ?? {}
  if (!origin?.startsWith('http')) throw misused(`"${url}" is no URL.`)
  return origin
}
