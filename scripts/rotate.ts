/** `npm run rotate`: new keys for a deployed platform; see `--help`. */
import { join } from 'node:path'
import { nextCommand } from '#shared/lib/next-command.ts'
import { parseCommand } from './command-line.ts'
import { isDeployed } from './deploy/account.ts'
import { COMMON_OPTIONS, openTarget, type Target } from './deploy/command.ts'
import { confirm, YES_OPTION } from './deploy/confirm.ts'
import { readKeyFile, writeTrust } from './deploy/key-file.ts'
import { planServers } from './deploy/plan.ts'
import { changesAnchor, EVERYTHING, planRotation, type Rotation } from './deploy/rotation.ts'
import { runSteps, type Step } from './deploy/steps.ts'
import { rotateDevSecrets } from './dev-secrets.ts'
import { listServers } from './gen/sources.ts'
import { DEV } from './gen/trust.ts'
import { anchorsOf, KEY_KINDS, withoutRetired, type KeyKind } from './keys/rotation.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

const COMMAND = 'npm run rotate'

const ABOUT: Readonly<Record<Rotation, string>> = {
  tokens: 'signs access tokens',
  seals: 'seals sessions, sign-ins, questions and client registrations',
  capabilities: 'what a server may ask the objects during one request',
  nonces: 'nonces of DPoP clients',
  signing: "the router's word to servers; no server is deployed anew",
  anchor: 'what servers trust; deploys every server',
  everything: 'all of them, from nothing: everybody signs in again (the keys are lost)',
}

const HELP = `npm run rotate <what> [-- --leaked] [-- --env <name>]
npm run rotate anchor -- --finish

Makes a new key, keeps it in .keys/<env>.json, sends it to the Workers. What the old
one made goes on counting until it has run out. May be interrupted and run again.

${Object.entries(ABOUT)
  .map(([name, about]) => `  ${name.padEnd(13)} ${about}`)
  .join('\n')}

  --leaked    the old key counts no longer, from now
  --yes       does not ask (before everything and --leaked); without a terminal it is
              needed (exit code 2)
  --finish    a quarter of an hour after anchor or everything, when all servers run
              with it: they stop trusting the old anchor (deploys every server)
  --env dev   the platform on this machine, also while it runs (anchor: twice)`

await runScript(async () => {
  const { values, positionals } = parseCommand(COMMAND, {
    allowPositionals: true,
    options: {
      ...COMMON_OPTIONS,
      ...YES_OPTION,
      finish: { type: 'boolean', default: false },
      leaked: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  const rotation = readRotation(positionals)
  if (values.env === DEV) return rotateHere(rotation, values.leaked)
  const here = nextCommand(DEV, 'rotate', rotation)
  const target = await openTarget(values.env, here, rotation === EVERYTHING)
  const deployServers = serverSteps(target)
  if (values.finish) return finish(values.env, deployServers)
  const steps = planRotation(target, { rotation, leaked: values.leaked, deployServers })
  await askBeforeEnding(rotation, values)
  await runSteps(steps)
  console.log(done(rotation, values.env))
})

function readRotation(positionals: readonly string[]): Rotation {
  const all: readonly Rotation[] = [...KEY_KINDS, EVERYTHING]
  const [name, ...more] = positionals
  const found = all.find((each) => each === name)
  if (found && more.length === 0) return found satisfies KeyKind | typeof EVERYTHING
  throw new Stop(
    COMMAND,
    name === undefined
      ? 'Say what to rotate.'
      : `"${positionals.join(' ')}" is nothing that can be rotated.`,
    `One of: ${all.join(', ')}.`,
  )
}

/** With overlap a rotation ends nothing; without, it ends what the old keys made, at once. */
async function askBeforeEnding(
  rotation: Rotation,
  { env, leaked, yes }: { env: string; leaked: boolean; yes: boolean },
): Promise<void> {
  if (rotation !== EVERYTHING && !leaked) return
  const consequence =
    rotation === EVERYTHING
      ? `Every key of ${env} is made anew: everyone signs in again.`
      : `What the old key of ${env} made stops counting at once (${rotation}: ${ABOUT[rotation]}).`
  const command = nextCommand(env, 'rotate', rotation, ...(leaked ? ['--leaked'] : []))
  await confirm({ command, consequence, name: env }, yes)
}

/** Keys of this machine; a running `npm run dev` starts again with them. */
async function rotateHere(rotation: Rotation, leaked: boolean): Promise<void> {
  for (const kind of rotation === EVERYTHING ? KEY_KINDS : [rotation]) {
    await rotateDevSecrets(kind, { leaked })
  }
  console.log(`✓ ${DEV}: ${rotation} is rotated. npm run dev takes it up, if it runs.`)
}

function serverSteps(target: Target): Step[] {
  const { settings, state } = target
  const servers = listServers(join(ROOT, 'workers'))
  const chosen = servers.filter((name) => isDeployed(state, settings, name))
  return planServers({ ...target, servers, chosen, roles: [] })
}

async function finish(env: string, deployServers: readonly Step[]): Promise<void> {
  const keys = readKeyFile(env)?.keys
  const left = keys && withoutRetired(keys, Math.floor(Date.now() / 1000))
  if (!left || left.previousAnchor || left.nextAnchor) {
    throw new Stop(
      nextCommand(env, 'rotate', 'anchor', '--finish'),
      'The old anchor is still needed.',
      left?.previousAnchor
        ? `Run it again after ${new Date(left.previousAnchor.untilSeconds * 1000).toISOString()}.`
        : `Run first: ${nextCommand(env, 'rotate', 'anchor')}`,
    )
  }
  writeTrust(env, anchorsOf(left))
  await runSteps(deployServers)
  console.log(`✓ ${env}: the old anchor counts no more. Commit shared/trust.${env}.json.`)
}

function done(rotation: Rotation, env: string): string {
  const lines = [`✓ ${env}: ${rotation} is rotated. Keep a copy of .keys/${env}.json.`]
  if (changesAnchor(rotation)) {
    lines.push(
      `  Commit shared/trust.${env}.json. When every server was deployed with it:`,
      `  ${nextCommand(env, 'rotate', 'anchor', '--finish')}`,
    )
  }
  return lines.join('\n')
}
