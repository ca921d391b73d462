/** `npm run machine`: machine clients, and resource servers that introspect; see `--help`. */
import { resolve } from 'node:path'
import { listOf } from '#shared/identity/identity.ts'
import { nextCommand } from '#shared/lib/next-command.ts'
import { readMachines, type MachineSettings } from '../workers/oauth/machines/machines.ts'
import { parseCommand } from './command-line.ts'
import { confirm, YES_OPTION } from './deploy/confirm.ts'
import { COMMON_OPTIONS, openTarget } from './deploy/command.ts'
import { secretStore } from './deploy/server-secret.ts'
import { DEV } from './gen/trust.ts'
import {
  checkMachine,
  clientIdOf,
  machineSecrets,
  makeMachineKey,
  readPublicKey,
  readRegistry,
  registryFile,
  type Registry,
  variableOf,
  withKey,
  withSecret,
  writeRegistry,
} from './machine-registry.ts'
import { shown } from './root.ts'
import { runScript, Stop } from './stop.ts'

const COMMAND = 'npm run machine'
const ACTIONS = ['add', 'rotate', 'remove', 'list', 'send'] as const
/** Of all machines together. */
const OF_ALL: ReadonlySet<string> = new Set(['list', 'send'])
type Action = (typeof ACTIONS)[number]

const HELP = `npm run machine add <name> -- --server <server> [--scope <scope>] [options]
npm run machine rotate <name> [-- options]
npm run machine remove <name>
npm run machine list
npm run machine send

A machine client gets tokens of its own by client credentials, for its servers and at
most its scopes. It has a secret, printed once, unless a key is named.

  --server a,b        servers it may call (and introspect tokens of)
  --scope x,y         the most it may be granted
  --key <file>        its public key (PEM or JWK): it signs in by private_key_jwt
  --new-key <file>    makes a key pair and writes the private half there
  --introspect        a resource server: it may ask what a token is worth (RFC 7662)
  --dpop              it gets only tokens bound to a key
  --tenant <tenant>   whose it is; default unless said
  --env <name>        dev is the platform on this machine, also while it runs
  --yes               remove does not ask

rotate gives it another secret or key; the one before goes on counting until the next
rotation. After remove its tokens stop within 10 minutes. send gives the oauth Worker all
that are registered here once more: after it was deleted and deployed anew.`

const OPTIONS = {
  ...COMMON_OPTIONS,
  ...YES_OPTION,
  server: { type: 'string', default: '' },
  scope: { type: 'string', default: '' },
  key: { type: 'string' },
  'new-key': { type: 'string' },
  introspect: { type: 'boolean', default: false },
  dpop: { type: 'boolean', default: false },
  tenant: { type: 'string' },
} as const

type Values = ReturnType<typeof parse>['values']

function parse() {
  return parseCommand(COMMAND, { allowPositionals: true, options: OPTIONS })
}

await runScript(async () => {
  const { values, positionals } = parse()
  if (values.help) return console.log(HELP)
  const [action, name = ''] = positionals
  const known = ACTIONS.find((each) => each === action)
  if (!known || OF_ALL.has(known) !== (name === '') || positionals.length > 2) {
    throw new Stop(COMMAND, 'Say what to do, and with which machine.', `See ${COMMAND} -- --help`)
  }
  await run(known, name, values)
})

async function run(action: Action, name: string, values: Values): Promise<void> {
  const file = registryFile(values.env)
  const registry = readRegistry(file)
  if (action === 'list') return list(values.env, machineSecrets(registry))
  if (action === 'send') return sendAll(values.env, registry)
  const found = registry[name]
  if (action === 'add' ? found : !found) {
    const what = found ? 'It is registered already.' : 'No such machine is registered here.'
    throw new Stop(`machine ${name}`, what, `See: ${nextCommand(values.env, 'machine', 'list')}`)
  }
  // Before a key pair is written for it.
  if (!found) checkMachine(name, settingsOf(values))
  const send = await senderTo(values.env, found ? undefined : name)
  if (action === 'remove') {
    const command = nextCommand(values.env, 'machine', 'remove', name)
    const consequence = `${clientIdOf(name)} in ${values.env} gets no more tokens, and its credentials are forgotten.`
    await confirm({ command, consequence, name }, values.yes)
    const { [name]: _, ...others } = registry
    await send(name, undefined)
    writeRegistry(file, others)
    return console.log(`✓ ${clientIdOf(name)} is gone; its tokens stop within 10 minutes.`)
  }
  const { settings, secret } = await withCredential(found ?? settingsOf(values), values)
  checkMachine(name, settings)
  // Kept first: what was sent and is not known here could not be rotated.
  writeRegistry(file, { ...registry, [name]: settings })
  await send(name, settings)
  console.log(`✓ client_id      ${clientIdOf(name)}`)
  if (secret) console.log(`  client_secret  ${secret}\n\nIt is not kept here: store it now.`)
}

function settingsOf({ server, scope, tenant, introspect, dpop }: Values): MachineSettings {
  if (server === '') {
    throw new Stop(COMMAND, 'Say which servers it may call.', 'E.g. --server notes,clock')
  }
  return {
    servers: listOf(server),
    scopes: listOf(scope),
    ...(tenant === undefined ? {} : { tenant }),
    ...(introspect ? { introspects: true } : {}),
    ...(dpop ? { dpop: true } : {}),
  }
}

async function withCredential(
  settings: MachineSettings,
  { key, 'new-key': newKey }: Values,
): Promise<{ settings: MachineSettings; secret?: string }> {
  if (newKey !== undefined) {
    return { settings: withKey(settings, await makeMachineKey(resolve(newKey))) }
  }
  if (key !== undefined) return { settings: withKey(settings, readPublicKey(resolve(key))) }
  return withSecret(settings)
}

/**
 * A running `npm run dev` sees the file; a deployed platform is told.
 *
 * @param added a machine this registry does not have yet
 * @throws Stop when there is none to tell, or the platform has that machine from another
 *   registry: before anything is written
 */
async function senderTo(
  env: string,
  added?: string,
): Promise<(name: string, settings: MachineSettings | undefined) => Promise<void>> {
  if (env === DEV) return async () => {}
  const secrets = secretStore(await openTarget(env, 'say --env dev'), 'oauth')
  if (added !== undefined && (await secrets.list()).includes(variableOf(added))) {
    throw new Stop(
      `machine ${added}`,
      `${env} has it already, and it is not in the registry of this checkout.`,
      `Get ${shown(registryFile(env))} from the person who added it, or take another name.`,
    )
  }
  return async (name, settings) => {
    if (settings) await secrets.put(variableOf(name), JSON.stringify(settings))
    else await secrets.delete(variableOf(name))
  }
}

/** Their secrets stay as they are: what is sent are hashes and public keys. */
async function sendAll(env: string, registry: Registry): Promise<void> {
  const send = await senderTo(env)
  for (const [name, settings] of Object.entries(registry)) {
    await send(name, settings)
    console.log(`✓ ${clientIdOf(name)}`)
  }
  if (Object.keys(registry).length === 0) console.log('No machine is registered here.')
}

function list(env: string, secrets: Record<string, string>): void {
  const machines = [...readMachines(secrets).values()]
  for (const { clientId, servers, scopes, keys, introspects, dpop } of machines) {
    const by = keys.length > 0 ? 'key' : 'secret'
    const also = [introspects && 'introspects', dpop && 'dpop'].filter(Boolean).join(' ')
    console.log(`${clientId}  ${servers.join(',')}  ${scopes.join(',') || '-'}  ${by} ${also}`)
  }
  if (machines.length === 0)
    console.log(`none in ${env}${env === DEV ? '' : ' (this machine: --env dev)'}`)
}
