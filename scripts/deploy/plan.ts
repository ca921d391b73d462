/**
 * What a deploy does, decided from the account before anything is sent: keys and
 * resources, then Workers in an order in which each finds those it is bound to. The
 * router comes last, so a first deploy that fails half-way is reachable by nobody.
 */
import { join } from 'node:path'
import { generateServer } from '../gen/entry.ts'
import { readTrust } from '../gen/trust.ts'
import { ROOT } from '../root.ts'
import { catalogKv, linkedServers, type DeployedPlatform } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import { platformConfig, serverConfig, type ConfigContext, type DeployConfig } from './config.ts'
import {
  catalogTitle,
  PLATFORM_ROLES,
  PLATFORM_WORKERS,
  workerName,
  type PlatformRole,
} from './names.ts'
import { keySteps } from './prepare-keys.ts'
import type { ServerSecrets } from './needed-secrets.ts'
import type { DeploySettings } from './settings.ts'
import type { Step } from './steps.ts'
import { uploadPlatform, uploadServer } from './upload.ts'
import { runWrangler } from './wrangler.ts'

export interface Deployment {
  readonly cloudflare: Cloudflare
  readonly settings: DeploySettings
  readonly state: DeployedPlatform
  /** All servers of this repository. */
  readonly servers: readonly string[]
  /** Those to upload. */
  readonly chosen: readonly string[]
  /** Platform Workers to upload. */
  readonly roles: readonly PlatformRole[]
  /** What servers lack, to travel with their upload. */
  readonly serverSecrets?: ServerSecrets
}

type Upload =
  | { readonly kind: 'platform'; readonly role: PlatformRole; readonly worker: string }
  | { readonly kind: 'server'; readonly name: string; readonly worker: string }

/** @throws Stop when settings, keys or names make it impossible */
export function planDeploy(deployment: Deployment): Step[] {
  const { settings, state, chosen } = deployment
  return [
    ...keySteps(settings.env, state),
    ...(chosen.length > 0 ? [buildStep(settings.env, chosen)] : []),
    ...resourceSteps(deployment),
    ...uploadSteps(deployment),
  ]
}

/** Builds and uploads the chosen servers alone. */
export const planServers = (deployment: Deployment): Step[] =>
  deployment.chosen.length === 0
    ? []
    : [buildStep(deployment.settings.env, deployment.chosen), ...uploadSteps(deployment)]

/** All of them before the first upload: a server that does not build stops the deploy here. */
const buildStep = (env: string, servers: readonly string[]): Step => ({
  title: `build ${servers.join(', ')}`,
  async run() {
    const trust = readTrust(env)
    for (const name of servers) await generateServer(join(ROOT, 'workers'), name, trust)
  },
})

function resourceSteps({ cloudflare, settings, state }: Deployment): Step[] {
  const { env, servers } = settings
  const context = { accountId: cloudflare.accountId, env }
  const make = (title: string, args: readonly string[]): Step => ({
    title,
    run: async () => void (await runWrangler(context, args)),
  })
  const kv = catalogTitle(env)
  return [
    ...(state.catalogKvId === undefined
      ? [make(`create KV namespace ${kv}`, ['kv', 'namespace', 'create', kv])]
      : []),
    ...(servers.kind === 'namespace' && state.namespaceServers === undefined
      ? [
          make(`create dispatch namespace ${servers.namespace}`, [
            'dispatch-namespace',
            'create',
            servers.namespace,
          ]),
        ]
      : []),
  ]
}

function uploadSteps(deployment: Deployment): Step[] {
  const there = new Set(deployment.state.workers)
  const context = contextOf(deployment, there)
  const kvId = createKvId(deployment)
  const steps: Step[] = []
  const again: { upload: Upload; left: readonly string[] }[] = []
  for (const upload of uploadsOf(deployment)) {
    const { left } = configOf(upload, context, 'not-asked-for')
    if (left.length > 0) again.push({ upload, left })
    const before = new Set(there)
    const title = `upload ${upload.worker}${left.length > 0 ? ` (without ${left.join(', ')} for now)` : ''}`
    steps.push(uploadStep(title, upload, deployment, contextOf(deployment, before), kvId))
    there.add(upload.worker)
  }
  for (const { upload, left } of again) {
    const title = `upload ${upload.worker} again, with ${left.join(', ')}`
    steps.push(uploadStep(title, upload, deployment, context, kvId))
  }
  return steps
}

function uploadStep(
  title: string,
  upload: Upload,
  deployment: Deployment,
  context: ConfigContext,
  kvId: () => Promise<string>,
): Step {
  return {
    title,
    async run() {
      const config = configOf(upload, context, await kvId())
      if (upload.kind === 'server') {
        const secrets = deployment.serverSecrets?.[upload.name] ?? {}
        return uploadServer(deployment, upload.name, config, secrets)
      }
      await uploadPlatform(deployment, upload.role, config)
    },
  }
}

function configOf(upload: Upload, context: ConfigContext, kvId: string): DeployConfig {
  return upload.kind === 'server'
    ? serverConfig(upload.name, context)
    : platformConfig(upload.role, context, kvId)
}

function uploadsOf({ settings, roles, chosen }: Deployment): Upload[] {
  const { env } = settings
  const platform = PLATFORM_ROLES.filter((role) => roles.includes(role)).map((role): Upload => {
    return { kind: 'platform', role, worker: workerName(PLATFORM_WORKERS[role], env) }
  })
  const servers = chosen.map((name): Upload => {
    return { kind: 'server', name, worker: workerName(name, env) }
  })
  const isRouter = (upload: Upload): boolean =>
    upload.kind === 'platform' && upload.role === 'router'
  return [...platform.filter((each) => !isRouter(each)), ...servers, ...platform.filter(isRouter)]
}

/** A deploy never unlinks: what the router is bound to stays, until `npm run remove`. */
function contextOf(
  { settings, state, servers, chosen }: Deployment,
  there: ReadonlySet<string>,
): ConfigContext {
  const stays = linkedServers(state).filter((name) => there.has(workerName(name, settings.env)))
  return {
    settings,
    servers: [...servers, ...stays],
    linked: [...new Set([...stays, ...chosen])].sort(),
    exists: (worker) => there.has(worker),
  }
}

/** Asked for once, when the namespace exists. */
function createKvId({ cloudflare, settings, state }: Deployment): () => Promise<string> {
  let id = state.catalogKvId
  return async () => {
    id ??= await catalogKv(cloudflare, settings.env)
    if (id === undefined) throw new Error('the KV namespace vanished while deploying')
    return id
  }
}
