/** `npm run api-key -- create|list|rotate|revoke`; see `--help`. */
import { API_KEYS_AUDIENCE_PATH, API_KEYS_SCOPE } from '#shared/identity/operator.ts'
import { makeApiKey } from '#shared/identity/api-key.ts'
import type { ApiKey } from '#shared/contracts/entrypoints.ts'
import { nextCommand } from '#shared/lib/next-command.ts'
import { apiKeyTable } from './api-key/table.ts'
import { secondsOf } from './api-key/duration.ts'
import { parseCommand } from './command-line.ts'
import { confirm, YES_OPTION } from './deploy/confirm.ts'
import { settingsFile } from './deploy/settings.ts'
import { DEV } from './gen/trust.ts'
import { operatorOf, type Operator } from './keys/operator.ts'
import { shown } from './root.ts'
import { runScript, Stop } from './stop.ts'

const HELP = `npm run api-key -- <command> [options]

  create --name "Nightly export" --subject exporter --server notes [--server …]
         [--scope notes:read …] [--tenant default] [--expires 90d]
  list
  rotate <id> [--overlap 24h]     a successor; the old key counts on for the overlap (10m to 30d)
  revoke <id>                     ends within 10 s in busy isolates, 60 s anywhere

  --all-servers   instead of --server: the key counts at every server
  --env <name>    an environment that was deployed (default: production), or dev
  --url <origin>  the authorization server, where it is not where the environment says
  --yes           revoke does not ask; without a terminal it is needed (exit code 2)
  --json          what the platform answered, for programs

A key is shown once, here; the platform keeps a hash. Keys count where the oauth
Worker's variable API_KEYS is "on". Clients send: Authorization: Bearer <key>`

const COMMAND = 'npm run api-key'

const OPTIONS = {
  name: { type: 'string' },
  subject: { type: 'string' },
  tenant: { type: 'string', default: 'default' },
  server: { type: 'string', multiple: true, default: [] as string[] },
  'all-servers': { type: 'boolean', default: false },
  scope: { type: 'string', multiple: true, default: [] as string[] },
  expires: { type: 'string', default: '90d' },
  overlap: { type: 'string', default: '24h' },
  env: { type: 'string', default: 'production' },
  url: { type: 'string' },
  json: { type: 'boolean', default: false },
  ...YES_OPTION,
  help: { type: 'boolean', default: false, short: 'h' },
} as const

await runScript(async () => {
  const { values, positionals } = parse()
  const [command, id, ...more] = positionals
  if (values.help || command === undefined) return console.log(HELP)
  if (more.length > 0) throw misused(`One command at a time, not also ${more.join(' ')}.`)
  const operator = await operatorOf(values.env, values.url, {
    audiencePath: API_KEYS_AUDIENCE_PATH,
    scope: API_KEYS_SCOPE,
  })
  switch (command) {
    case 'create':
      return create(operator, values)
    case 'list':
      return list(operator, values.json)
    case 'rotate':
      return rotate(operator, idOf(id), values)
    case 'revoke':
      return revoke(operator, idOf(id), values)
    default:
      throw misused(`There is no command "${command}".`)
  }
})

type Values = ReturnType<typeof parse>['values']

async function create(operator: Operator, values: Values): Promise<void> {
  const { name, subject, tenant, server: servers, scope: scopes } = values
  if (!name || !subject) throw misused('--name and --subject are needed.')
  if ((servers.length === 0) === !values['all-servers']) {
    throw misused('Name the servers (--server notes), or say --all-servers.')
  }
  const { id, hash, key } = await makeApiKey()
  const lifetimeSeconds = secondsOf('--expires', values.expires)
  const body = { id, hash, name, subject, tenant, servers, scopes, lifetimeSeconds }
  const made = (await operator.request('POST', API_KEYS_AUDIENCE_PATH, body)) as ApiKey
  const { accepted } = await listed(operator)
  show(made, key, values.json)
  if (!accepted) {
    console.error(`It does not count yet: ${switchOn(values.env)}`)
  }
}

function switchOn(env: string): string {
  if (env === DEV) return 'set API_KEYS = "on" in workers/oauth/wrangler.toml.'
  const run = nextCommand(env, 'deploy', 'oauth')
  return `set "vars": { "oauth": { "API_KEYS": "on" } } in ${shown(settingsFile(env))}. Then: ${run}`
}

async function rotate(operator: Operator, id: string, values: Values): Promise<void> {
  const successor = await makeApiKey()
  const overlapSeconds = secondsOf('--overlap', values.overlap)
  const body = { id: successor.id, hash: successor.hash, overlapSeconds }
  const path = `${API_KEYS_AUDIENCE_PATH}/${id}/rotate`
  show((await operator.request('POST', path, body)) as ApiKey, successor.key, values.json)
}

async function revoke(operator: Operator, id: string, values: Values): Promise<void> {
  const { keys } = await listed(operator)
  const { name } = keys.find((key) => key.id === id) ?? {}
  const question = {
    command: nextCommand(values, 'api-key', 'revoke', id),
    consequence: `The key ${name ?? id} in ${values.env} stops counting: programs that send it are refused.`,
    name: id,
  }
  await confirm(question, values.yes)
  const path = `${API_KEYS_AUDIENCE_PATH}/${id}`
  const revoked = (await operator.request('DELETE', path)) as ApiKey
  console.log(values.json ? JSON.stringify(revoked) : `Revoked ${revoked.name} (${revoked.id}).`)
}

async function list(operator: Operator, json: boolean): Promise<void> {
  const { keys } = await listed(operator)
  console.log(json ? JSON.stringify(keys) : apiKeyTable(keys))
}

async function listed(operator: Operator): Promise<{ keys: ApiKey[]; accepted: boolean }> {
  const answer = await operator.request('GET', API_KEYS_AUDIENCE_PATH)
  return answer as { keys: ApiKey[]; accepted: boolean }
}

function show(made: ApiKey, key: string, json: boolean): void {
  if (json) return console.log(JSON.stringify({ ...made, key }))
  console.log(`${key}\n\nKeep it now: it is not shown again.\n\n${apiKeyTable([made])}`)
}

function idOf(id: string | undefined): string {
  if (id !== undefined && /^[0-9A-Za-z]{16}$/.test(id)) return id
  throw misused('Give the id of a key, as `list` shows it.')
}

function parse() {
  return parseCommand(COMMAND, { allowPositionals: true, options: OPTIONS })
}

function misused(what: string): Stop {
  return new Stop(COMMAND, what, `See \`${COMMAND} -- --help\`; --env dev for npm run dev.`)
}
