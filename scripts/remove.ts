/** `npm run remove <server>`: takes a server off a deployed platform; see `--help`. */
import { existsSync } from 'node:fs'
import { nextCommand } from '#shared/lib/next-command.ts'
import { parseCommand } from './command-line.ts'
import { isDeployed, linkedServers } from './deploy/account.ts'
import { checkSettled, COMMON_OPTIONS, openTarget, type Target } from './deploy/command.ts'
import { serverConfigPath } from './deploy/config.ts'
import { confirm, YES_OPTION } from './deploy/confirm.ts'
import { workerName } from './deploy/names.ts'
import { runSteps, type Step } from './deploy/steps.ts'
import { bindingsOf } from './deploy/server-bindings.ts'
import { dataOf, deleteStep, ownObjects, relinkStep } from './deploy/unlink.ts'
import { runScript, Stop } from './stop.ts'

const COMMAND = 'npm run remove'

const HELP = `npm run remove <server> [-- --env <name>] [-- --yes]

Takes a server off the deployed platform: the router forgets it, then its Worker is
deleted. Its KV, D1, R2 and queues stay, and are named. The folder workers/<server>
stays too; delete it, or the next \`npm run deploy\` brings the server back.

  --yes   does not ask; without a terminal it is needed (exit code 2)`

await runScript(async () => {
  const { values, positionals } = parseCommand(COMMAND, {
    allowPositionals: true,
    options: { ...COMMON_OPTIONS, ...YES_OPTION },
  })
  if (values.help) return console.log(HELP)
  const [server, ...more] = positionals
  if (server === undefined || more.length > 0) {
    throw new Stop(
      COMMAND,
      'Name one server.',
      `E.g. ${nextCommand(values.env, 'remove', 'notes')}`,
    )
  }
  const target = await openTarget(values.env, `delete the folder workers/${server}`)
  checkSettled(target)
  const steps = planRemove(target, server)
  if (steps.length === 0)
    return console.log(`${server} is not deployed in ${values.env}: nothing to do.`)
  const bindings = await bindingsOf(target, server)
  const objects = ownObjects(bindings, workerName(server, values.env))
  const question = {
    command: nextCommand(values.env, 'remove', server),
    consequence: warning(target, server, dataOf(bindings), objects),
    name: server,
  }
  await confirm(question, values.yes)
  await runSteps(steps)
  console.log(`✓ ${server} is gone from ${values.env}`)
  if (existsSync(serverConfigPath(server))) {
    console.log(
      `  workers/${server} is still here, and would bring it back: ${nextCommand(values.env, 'deploy')}`,
    )
  }
})

function planRemove(target: Target, server: string): Step[] {
  const { state, settings } = target
  return [
    ...(linkedServers(state).includes(server) ? [relinkStep(target, server)] : []),
    ...(isDeployed(state, settings, server) ? [deleteStep(target, server)] : []),
  ]
}

function warning(
  { settings }: Target,
  server: string,
  data: readonly string[],
  objects: readonly string[],
): string {
  return [
    `${server} in ${settings.env} (${settings.publicOrigin}/${server}/mcp) will be deleted, with its secrets and versions.`,
    ...(data.length > 0
      ? ['Stays, and is yours to delete:', ...data.map((line) => `  ${line}`)]
      : []),
    ...(objects.length > 0 ? [`Is lost: what its objects remember (${objects.join(', ')})`] : []),
  ].join('\n')
}
