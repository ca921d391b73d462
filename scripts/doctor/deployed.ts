/** One deployed platform, compared with what this checkout would deploy. */
import { nextCommand } from '#shared/lib/next-command.ts'
import { type Patient, createFindings, type Finding } from './finding.ts'
import { linkedServers, readPlatform } from '../deploy/account.ts'
import { PLATFORM_ROLES, PLATFORM_WORKERS, workerName } from '../deploy/names.ts'
import { connectTo } from '../deploy/pinned-account.ts'
import { readDeployedSettings, settingsFile } from '../deploy/settings.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { checkBindings } from './bindings.ts'
import { checkCatalog } from './catalog.ts'
import { checkKeys } from './keys.ts'
import { checkPublic } from './public.ts'
import { checkDeployedServers } from './servers.ts'

export async function checkDeployed(
  env: string,
  servers: readonly string[],
): Promise<readonly Finding[]> {
  const findings = createFindings(env)
  try {
    const settings = readDeployedSettings(env, 'npm run doctor -- --local')
    const cloudflare = await connectTo(settings)
    const state = await readPlatform(cloudflare, settings)
    const deploy = `Run: ${nextCommand(env, 'deploy')}`
    const patient = { settings, cloudflare, state, servers, findings, deploy }
    checkWorkers(patient)
    checkBindings(patient)
    await checkDeployedServers(patient)
    await checkKeys(patient)
    await checkPublic(patient)
    if (state.platform.oauth) await checkCatalog(findings, env)
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const [where = env, ...rest] = error.message.split('\n')
    const [what = '', remedy = ''] = rest.join(' ').replace(/\s+/g, ' ').split('→')
    findings.problem(where, what.trim(), remedy.trim())
  }
  return findings.all
}

function checkWorkers({ settings, state, findings, deploy }: Patient): void {
  const { env } = settings
  for (const role of PLATFORM_ROLES) {
    const name = workerName(PLATFORM_WORKERS[role], env)
    if (state.platform[role]) findings.ok(name, 'deployed')
    else findings.problem(name, 'not deployed', deploy)
  }
  if (state.catalogKvId === undefined)
    findings.problem('KV', 'the catalog namespace is missing', deploy)
  const own = new Set(Object.values(PLATFORM_WORKERS).map((name) => workerName(name, env)))
  const suffix = workerName('', env)
  const unknown = [...state.workers].filter(
    (name) =>
      name.startsWith('mcp-edge-') &&
      name.endsWith(suffix) &&
      !own.has(name) &&
      (suffix !== '' || !name.includes('--')),
  )
  for (const name of unknown) {
    findings.note(
      name,
      'is named like a Worker of this platform and is none.',
      `If nobody needs it: npx wrangler delete --name ${name}`,
    )
  }
  if (settings.moving) {
    const what = 'A change of the form of SERVERS is in force, and not tidied up.'
    findings.problem(shown(settingsFile(env)), what, deploy)
  }
  if (linkedServers(state).length > 0 && settings.servers.kind !== 'bindings') {
    findings.problem(
      'router',
      'is bound to servers one by one, and settings say otherwise.',
      deploy,
    )
  }
}
