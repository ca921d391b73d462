/**
 * What a deploy does, decided from the account before anything is sent: keys and
 * resources, then Workers in an order in which each finds those it is bound to. The
 * router comes last, so a first deploy that fails half-way is reachable by nobody.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { generateServer } from '../gen/entry.ts'
import { readTrust, trustFile } from '../gen/trust.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { catalogKv, linkedServers, serverPath, type DeployedPlatform } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import { platformConfig, serverConfig, type ConfigContext, type DeployConfig } from './config.ts'
import {
  catalogTitle,
  PLATFORM_ROLES,
  PLATFORM_WORKERS,
  workerName,
  type PlatformRole,
} from './names.ts'
import { keyFilePath, noteAccount } from './key-file.ts'
import { pinsOf } from './key-pins.ts'
import type { MovePlan } from './move-servers.ts'
import { keySteps } from './prepare-keys.ts'
import type { ServerSecrets } from './needed-secrets.ts'
import { sendKeys } from './send-keys.ts'
import { isUnkept, keepSettings, settingsFile, type DeploySettings } from './settings.ts'
import type { Step } from './steps.ts'
import { tidySteps } from './tidy-form.ts'
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
  /** Where the form of SERVERS changes. */
  readonly move?: MovePlan
  /** What stays behind, a line each: filled while the steps run. */
  readonly remarks?: string[]
}

type Upload =
  | { readonly kind: 'platform'; readonly role: PlatformRole; readonly worker: string }
  | { readonly kind: 'server'; readonly name: string; readonly worker: string }

/** @throws Stop when settings, keys or names make it impossible */
export function planDeploy(deployment: Deployment): Step[] {
  const { cloudflare, settings, state, chosen } = deployment
  return [
    ...keySteps(settings.env, state, cloudflare.accountId),
    ...(chosen.length > 0 ? [buildStep(settings.env, chosen)] : []),
    ...resourceSteps(deployment),
    ...openSteps(deployment),
    ...uploadSteps(deployment),
    ...ownKeysSteps(deployment),
    ...keepSteps(deployment),
    ...tidySteps(deployment),
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
  return [
    ...(state.catalogKvId === undefined ? [claimStep(cloudflare, env)] : []),
    ...(servers.kind === 'namespace' && state.namespaceServers === undefined
      ? [
          {
            title: `create dispatch namespace ${servers.namespace}`,
            async run() {
              await runWrangler(context, ['dispatch-namespace', 'create', servers.namespace])
            },
          },
        ]
      : []),
  ]
}

/**
 * Also decides between two first deploys at once: Cloudflare makes one namespace of a
 * title only, so the second one to ask is refused before it sends any keys.
 */
function claimStep(cloudflare: Cloudflare, env: string): Step {
  const title = catalogTitle(env)
  return {
    title: `create KV namespace ${title}`,
    async run() {
      try {
        await cloudflare.send('POST', '/storage/kv/namespaces', { title })
      } catch (error) {
        if ((await catalogKv(cloudflare, env)) === undefined) throw error
        throw firstElsewhere(env, title)
      }
    },
  }
}

const firstElsewhere = (env: string, title: string): Stop =>
  new Stop(
    `KV namespace ${title}`,
    `Another first deploy of ${env} made it a moment ago, with other keys than yours.`,
    `When that one has ended, get ${shown(keyFilePath(env))}, ${shown(trustFile(env))} and
    ${shown(settingsFile(env))} from the person who ran it, and put them in place of yours.`,
  )

/** Servers of other checkouts are Workers already: only their addresses were off. */
const openSteps = ({ cloudflare, settings, move }: Deployment): Step[] =>
  (move?.opens ?? []).map((name) => ({
    title: `switch on the address of ${name}`,
    async run() {
      const path = `${serverPath(settings.servers, settings.env, name)}/subdomain`
      await cloudflare.send('POST', path, { enabled: true, previews_enabled: false })
    },
  }))

/** The end of a first deploy: keys of another one, sent in the same seconds, are replaced. */
function ownKeysSteps(deployment: Deployment): Step[] {
  const { platform } = deployment.state
  if (PLATFORM_ROLES.some((role) => pinsOf(platform[role]).length > 0)) return []
  return [
    {
      title: 'check that every Worker has these keys',
      async run() {
        for (const role of deployment.roles) await sendKeys(deployment, role)
      },
    },
  ]
}

/** Settings say what is deployed, not what was tried. */
function keepSteps({ cloudflare, settings }: Deployment): Step[] {
  const { env, moving } = settings
  const kept = { accountId: cloudflare.accountId, moving }
  // A first deploy wrote it before it began.
  if (!existsSync(settingsFile(env)) || !isUnkept(settings, kept)) return []
  return [
    {
      title: `write ${shown(settingsFile(env))} (commit it)`,
      async run() {
        keepSettings(settings, kept)
        noteAccount(env, cloudflare.accountId)
      },
    },
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
  { settings, state, servers, chosen, move }: Deployment,
  there: ReadonlySet<string>,
): ConfigContext {
  const bound = [...linkedServers(state), ...(move?.binds ?? [])]
  const stays = bound.filter((name) => there.has(workerName(name, settings.env)))
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
