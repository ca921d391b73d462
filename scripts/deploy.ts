/** `npm run deploy`: the platform and its servers on Cloudflare; see `--help`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nextCommand } from '#shared/lib/next-command.ts'
import { parseCommand } from './command-line.ts'
import { linkedServers, readPlatform, type DeployedPlatform } from './deploy/account.ts'
import { COMMON_OPTIONS } from './deploy/command.ts'
import { confirm, YES_OPTION } from './deploy/confirm.ts'
import { checkEnvironment, PLATFORM_ROLES, type PlatformRole } from './deploy/names.ts'
import { collectSecrets, neededSecrets } from './deploy/needed-secrets.ts'
import { planDeploy, type Deployment } from './deploy/plan.ts'
import { keepSettings, readSettings, settingsFile, type DeploySettings } from './deploy/settings.ts'
import { checkNames, runSteps, seconds, showPlan } from './deploy/steps.ts'
import { checkCopy } from './deploy/key-copy.ts'
import { keyFilePath } from './deploy/key-file.ts'
import { planMove } from './deploy/move-servers.ts'
import { connectTo } from './deploy/pinned-account.ts'
import { useQuietWrangler } from './environment.ts'
import { listServers } from './gen/sources.ts'
import { trustFile } from './gen/trust.ts'
import { ROOT, shown } from './root.ts'
import { runScript } from './stop.ts'

const HELP = `npm run deploy [-- <server> …] [-- --env <name>] [-- --dry-run]

Puts the platform and every server of workers/ on Cloudflare, or only the servers
(or router, oauth, objects) that are named. The first time it makes keys, KV and
secrets; every time it may be interrupted and run again.

  --origin <origin>   where clients find the platform; needed once, kept in deploy.<env>.json
  --servers <form>    how the router reaches servers: bindings (default),
                      namespace:<name>, or a URL template with {name}; kept once it was
                      deployed. Another form than before moves every server, with its data
  --env <name>        another installation beside production: Workers <name>--<env>,
                      with resources, keys and settings of its own
  --yes               does not ask before an --origin other than the one before
  --account <id>      a Cloudflare account other than the one settings name: builds the
                      platform once more there, without its data
  --dry-run           says what would be done; changes nothing

Sign in with \`npx wrangler login\`, or set CLOUDFLARE_API_TOKEN. More: docs/deploying.md.`

const HEALTH_TIMEOUT_MS = 5000

await runScript(async () => {
  const options = parse()
  if (!options) return console.log(HELP)
  process.chdir(ROOT)
  useQuietWrangler()
  const startMs = Date.now()
  await askBeforeMoving(options)
  const deployment = await prepare(options)
  const { settings } = deployment
  console.log(`${settings.env}: ${settings.publicOrigin}`)
  const needed = await neededSecrets(deployment, deployment.chosen)
  if (options.dryRun) {
    const asked = needed.map(({ server, name }) => `  asks for the secret ${name} of ${server}`)
    const plan = [...asked, showPlan(planDeploy(deployment))]
    return console.log([...plan, 'Nothing was sent or written.'].join('\n'))
  }
  const steps = planDeploy({ ...deployment, serverSecrets: await collectSecrets(needed) })
  // A first deploy that is broken off goes on without its flags.
  if (!existsSync(settingsFile(settings.env))) {
    keepSettings(settings, { accountId: deployment.cloudflare.accountId })
  }
  await runSteps(steps)
  console.log(await done(deployment, Date.now() - startMs))
})

interface Options {
  readonly env: string
  readonly names: readonly string[]
  readonly dryRun: boolean
  readonly yes: boolean
  readonly origin: string | undefined
  readonly servers: string | undefined
  readonly account: string | undefined
}

/** @returns `undefined` when only help was asked for */
function parse(): Options | undefined {
  const { values, positionals } = parseCommand('npm run deploy', {
    allowPositionals: true,
    options: {
      ...COMMON_OPTIONS,
      ...YES_OPTION,
      origin: { type: 'string' },
      servers: { type: 'string' },
      account: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  checkEnvironment(values.env, 'npm run dev')
  const { env, origin, servers, account, yes } = values
  const dryRun = values['dry-run']
  return { env, names: positionals, dryRun, yes, origin, servers, account }
}

/** Tokens and clients' settings name the origin: with another one all of them are worth nothing. */
async function askBeforeMoving({ env, names, origin, dryRun, yes }: Options): Promise<void> {
  if (origin === undefined || dryRun || !existsSync(settingsFile(env))) return
  const { publicOrigin } = readSettings(env)
  if (origin === publicOrigin) return
  const question = {
    command: nextCommand(env, 'deploy', ...names, '--origin', origin),
    consequence: `Clients of ${env} know it as ${publicOrigin}. Each must be given the new URL, and everyone signs in again.`,
    name: env,
  }
  await confirm(question, yes)
}

async function prepare(options: Options): Promise<Deployment> {
  const { env, names, account } = options
  const servers = listServers(join(ROOT, 'workers'))
  checkNames('npm run deploy', names, [...servers, ...PLATFORM_ROLES])
  const settings = readSettings(env, options)
  const cloudflare = await connectTo(settings, account)
  const state = await readPlatform(cloudflare, settings)
  checkCopy(env, state)
  const move = await planMove({ cloudflare, settings, state }, servers)
  const chosen = servers.filter(
    (name) =>
      move.uploads.includes(name) ||
      (names.length === 0 ? !settings.leaveOut.includes(name) : names.includes(name)),
  )
  const roles = rolesFor(names, chosen, settings, state)
  return { cloudflare, settings, state, servers, chosen, roles, move, remarks: [] }
}

/** What was not named is uploaded where a named server could not be reached without it. */
function rolesFor(
  names: readonly string[],
  chosen: readonly string[],
  { servers, moving }: DeploySettings,
  state: DeployedPlatform,
): PlatformRole[] {
  if (names.length === 0) return [...PLATFORM_ROLES]
  const linked = linkedServers(state)
  const unlinked = servers.kind === 'bindings' && chosen.some((name) => !linked.includes(name))
  const turns = unlinked || (moving !== undefined && !moving.switched)
  return PLATFORM_ROLES.filter(
    (role) => names.includes(role) || !state.platform[role] || (role === 'router' && turns),
  )
}

async function done(
  { settings, state, chosen, remarks = [] }: Deployment,
  tookMs: number,
): Promise<string> {
  const { env, publicOrigin } = settings
  const urls = chosen.map((name) => `  ${publicOrigin}/${name}/mcp`)
  const first = !state.platform.router
  const files = [settingsFile(env), trustFile(env)].map(shown).join(' and ')
  return [
    `✓ ${env} is deployed (${seconds(tookMs)})`,
    ...urls,
    ...remarks.map((remark) => `  ${remark}`),
    ...((await answers(publicOrigin))
      ? []
      : [
          `  It does not answer yet: a new domain takes minutes. Then: ${nextCommand(env, 'doctor')}`,
        ]),
    ...(first
      ? [`Commit ${files}. Keep a copy of ${shown(keyFilePath(env))} in a safe place.`]
      : []),
  ].join('\n')
}

async function answers(origin: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS)
    return (await fetch(`${origin}/health`, { signal })).ok
  } catch {
    return false
  }
}
