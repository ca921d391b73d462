/** `npm run rename <old> <new>`: a server under another name; see `--help`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isServerName } from '#shared/protocol/names.ts'
import { nextCommand } from '#shared/lib/next-command.ts'
import { parseCommand } from './command-line.ts'
import { isDeployed, linkedServers } from './deploy/account.ts'
import { checkSettled, COMMON_OPTIONS, openTarget, type Target } from './deploy/command.ts'
import { serverConfigPath } from './deploy/config.ts'
import { confirm, YES_OPTION } from './deploy/confirm.ts'
import { workerName } from './deploy/names.ts'
import { collectSecrets, neededSecrets } from './deploy/needed-secrets.ts'
import { planServers } from './deploy/plan.ts'
import { checkMovable } from './deploy/movable.ts'
import { renameFolder } from './deploy/rename-folder.ts'
import { settingsFile } from './deploy/settings.ts'
import { secretStore } from './deploy/server-secret.ts'
import { runSteps, type Step } from './deploy/steps.ts'
import { bindingsOf } from './deploy/server-bindings.ts'
import { deleteStep, relinkStep } from './deploy/unlink.ts'
import { listServers } from './gen/sources.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

const COMMAND = 'npm run rename'

const HELP = `npm run rename <old> <new> [-- --env <name>] [-- --yes]

Renames the folder workers/<old> (and its test), and the server on the deployed
platform: the new name is deployed, the router changes over, the old Worker is
deleted. Clients must be given the new URL and sign in there; the operator's policy
of the old name does not go along.

Stops before it changes anything where something would be lost: resources without
an id in wrangler.toml, objects of the server's own, secrets (set them again with
npm run secret, once the new name is deployed).

  --yes   does not ask; without a terminal it is needed (exit code 2)`

await runScript(async () => {
  const { values, positionals } = parseCommand(COMMAND, {
    allowPositionals: true,
    options: { ...COMMON_OPTIONS, ...YES_OPTION },
  })
  if (values.help) return console.log(HELP)
  const [from, to, ...more] = positionals
  if (from === undefined || to === undefined || more.length > 0) {
    const example = nextCommand(values.env, 'rename', 'notes', 'journal')
    throw new Stop(COMMAND, 'Give the old and the new name.', `E.g. ${example}`)
  }
  const command = nextCommand(values.env, 'rename', from, to)
  checkNames(from, to, command)
  const target = existsSync(settingsFile(values.env))
    ? await openTarget(values.env, 'leave --env out')
    : undefined
  if (target) checkSettled(target)
  const secrets = target ? await checkAccount(target, from, to) : []
  const consequence = target
    ? `${from} in ${values.env} gets another URL, and its Worker is deleted: every client must be given the new one.`
    : `The folder workers/${from} gets another name.`
  await confirm({ command, consequence, name: to }, values.yes)
  if (existsSync(serverConfigPath(from))) console.log(renameFolder(from, to).join('\n'))
  if (target) await runSteps(await planRename(target, from, to))
  console.log(done(values.env, from, to, secrets))
})

/** The folder may be renamed already: an interrupted run goes on. */
function checkNames(from: string, to: string, command: string): void {
  if (!isServerName(to)) {
    const remedy = 'Take lower-case letters and digits, words joined by single hyphens.'
    throw new Stop(command, `"${to}" cannot be a server's name.`, remedy)
  }
  const [hasOld, hasNew] = [from, to].map((name) => existsSync(serverConfigPath(name)))
  if (hasOld && hasNew)
    throw new Stop(command, `workers/${to} exists already.`, 'Take another name.')
  if (hasOld || hasNew) return
  const servers = listServers(join(ROOT, 'workers'))
  throw new Stop(command, `There is no server "${from}".`, `Servers: ${servers.join(', ')}.`)
}

/** @returns names of secrets that must be set again */
async function checkAccount(target: Target, from: string, to: string): Promise<string[]> {
  const { state, settings } = target
  if (!isDeployed(state, settings, from)) return []
  const name = existsSync(serverConfigPath(from)) ? from : to
  checkMovable(name, await bindingsOf(target, from), workerName(from, settings.env))
  return secretStore(target, from).list()
}

async function planRename(target: Target, from: string, to: string): Promise<Step[]> {
  const { settings, state } = target
  if (!isDeployed(state, settings, from)) return []
  const servers = listServers(join(ROOT, 'workers'))
  const linked = linkedServers(state)
  const serverSecrets = await collectSecrets(await neededSecrets(target, [to]))
  const relinks =
    settings.servers.kind === 'bindings' && (linked.includes(from) || !linked.includes(to))
  return [
    ...planServers({ ...target, servers, chosen: [to], roles: [], serverSecrets }),
    ...(relinks ? [relinkStep(target, from, [to])] : []),
    deleteStep(target, from),
  ]
}

function done(env: string, from: string, to: string, secrets: readonly string[]): string {
  return [
    `✓ ${from} is ${to} now`,
    ...secrets.map((name) => `  set again: ${nextCommand(env, 'secret', to, 'put', name)}`),
  ].join('\n')
}
