/**
 * The configuration one Worker is uploaded with: the committed one, with the names,
 * resources and variables of one environment. Written to `.gen/deploy/<env>/`
 * (git-ignored); nothing of an environment is ever written into a committed file.
 */
import { dirname, join, resolve } from 'node:path'
import { experimental_readRawConfig, type Unstable_RawConfig } from 'wrangler'
import { serverBinding } from '../gen/router-config.ts'
import { writeIfChanged } from '../gen/write-if-changed.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import {
  PLATFORM_CONFIGS,
  PLATFORM_WORKERS,
  PRODUCTION,
  workerName,
  type PlatformRole,
} from './names.ts'
import { ownResources } from './resources.ts'
import { publicRoutes } from './public-routes.ts'
import { usesAddresses } from './servers-form.ts'
import type { DeploySettings } from './settings.ts'

/** A Worker's configuration, and what had to be left out of it for now. */
export interface DeployConfig {
  readonly config: Unstable_RawConfig
  /** Bindings whose Worker does not exist yet (bindings may be circular): added by a second upload. */
  readonly left: readonly string[]
}

export interface ConfigContext {
  readonly settings: DeploySettings
  /** Names of this repository's servers: they get the environment's suffix wherever they are bound. */
  readonly servers: readonly string[]
  /** Servers the router is bound to; used in the `bindings` form only. */
  readonly linked: readonly string[]
  /** Whether a Worker of that name is there to be bound. */
  exists(worker: string): boolean
}

export const CATALOG_BINDING = 'CATALOG_KV'

export const serverConfigPath = (name: string): string =>
  join(ROOT, 'workers', name, 'wrangler.toml')

/** @param catalogKvId of the shared KV namespace */
export function platformConfig(
  role: PlatformRole,
  context: ConfigContext,
  catalogKvId: string,
): DeployConfig {
  const { settings } = context
  const path = PLATFORM_CONFIGS[role]
  const { rawConfig } = experimental_readRawConfig({ config: path })
  const config: Unstable_RawConfig = {
    ...common(rawConfig, path, context),
    ...(settings.env === PRODUCTION ? {} : ownResources(rawConfig, settings.env)),
    vars: varsOf(role, rawConfig, settings),
    kv_namespaces: (rawConfig.kv_namespaces ?? []).map((kv: { binding: string }) =>
      kv.binding === CATALOG_BINDING ? { ...kv, id: catalogKvId } : kv,
    ),
    ...(rawConfig.secrets ? { secrets: requiredSecrets(rawConfig) } : {}),
    ...(role === 'router' ? publicRoutes(settings) : {}),
  }
  return withoutMissing(role === 'router' ? withServers(config, context) : config, context)
}

export function serverConfig(name: string, context: ConfigContext): DeployConfig {
  const { settings } = context
  const path = serverConfigPath(name)
  const { rawConfig } = experimental_readRawConfig({ config: path })
  // The entry was generated just now, for this environment.
  const { build: _, ...raw } = rawConfig
  const { servers } = settings
  const config: Unstable_RawConfig = {
    ...common(raw, path, context),
    ...(settings.env === PRODUCTION ? {} : ownResources(raw, settings.env)),
    ...(needsAddress(settings) ? { workers_dev: true } : {}),
    // In a namespace the router asks for it by its bare name.
    ...(servers.kind === 'namespace' ? { name } : {}),
  }
  return withoutMissing(config, context)
}

/** Also while the router still goes to the server's address, in a change away from it. */
const needsAddress = ({ servers, moving }: DeploySettings): boolean =>
  usesAddresses(servers) || (moving !== undefined && !moving.switched && usesAddresses(moving.from))

/** @returns the file's path */
export function writeConfig(env: string, { config }: DeployConfig): string {
  const path = join(ROOT, '.gen', 'deploy', env, `${config.name}.json`)
  writeIfChanged(path, `${JSON.stringify(config, null, 2)}\n`)
  return path
}

/** Names of this environment; paths that hold wherever the file lies. */
function common(raw: Unstable_RawConfig, path: string, context: ConfigContext): Unstable_RawConfig {
  const { settings, servers } = context
  const own = new Set([...servers, ...Object.values(PLATFORM_WORKERS)])
  const renamed = (worker: string): string =>
    own.has(worker) ? workerName(worker, settings.env) : worker
  const from = (file: string): string => resolve(dirname(path), file)
  return {
    ...raw,
    name: renamed(raw.name ?? ''),
    preview_urls: false,
    ...(raw.main === undefined ? {} : { main: from(raw.main) }),
    ...(raw.tsconfig === undefined ? {} : { tsconfig: from(raw.tsconfig) }),
    ...(raw.assets?.directory === undefined
      ? {}
      : { assets: { ...raw.assets, directory: from(raw.assets.directory) } }),
    services: (raw.services ?? []).map((service) => ({
      ...service,
      service: renamed(service.service),
    })),
    durable_objects: {
      bindings: (raw.durable_objects?.bindings ?? []).map((binding) => ({
        ...binding,
        ...(binding.script_name === undefined ? {} : { script_name: renamed(binding.script_name) }),
      })),
    },
  }
}

function withServers(config: Unstable_RawConfig, { settings, linked }: ConfigContext) {
  const { servers, env } = settings
  if (servers.kind === 'namespace') {
    const namespaces = [{ binding: 'SERVERS', namespace: servers.namespace }]
    return { ...config, dispatch_namespaces: namespaces }
  }
  if (servers.kind === 'url') return config
  const bound = linked.map((name) => ({
    binding: serverBinding(name),
    service: workerName(name, env),
  }))
  return { ...config, services: [...(config.services ?? []), ...bound] }
}

function withoutMissing(config: Unstable_RawConfig, { exists }: ConfigContext): DeployConfig {
  const there = (worker: string | undefined): boolean =>
    worker === undefined || worker === config.name || exists(worker)
  const services = config.services ?? []
  const objects = config.durable_objects?.bindings ?? []
  const left = [
    ...services.filter(({ service }) => !there(service)).map(({ binding }) => binding),
    ...objects.filter(({ script_name }) => !there(script_name)).map(({ name }) => name),
  ]
  return {
    config: {
      ...config,
      services: services.filter(({ service }) => there(service)),
      durable_objects: { bindings: objects.filter(({ script_name }) => there(script_name)) },
    },
    left,
  }
}

/** A secret in a deployment, so that `npm run owner-link` changes it without an upload. */
const OWNER_LINK = 'OWNER_LINK'

function varsOf(role: PlatformRole, raw: Unstable_RawConfig, settings: DeploySettings) {
  const { env, publicOrigin, issuer, servers } = settings
  const known = (raw.vars ?? {}) as Record<string, string>
  const given = settings.vars[role] ?? {}
  const decided: Record<string, string> = {
    PUBLIC_ORIGIN: publicOrigin,
    ISSUER: issuer,
    ENVIRONMENT: env,
    SERVERS_URL: servers.kind === 'url' ? servers.template : '',
  }
  for (const name of Object.keys(given)) {
    if (name in known && !(name in decided) && name !== OWNER_LINK) continue
    const free = Object.keys(known).filter((other) => !(other in decided) && other !== OWNER_LINK)
    throw new Stop(
      `deploy.${env}.json`,
      `vars.${role}: "${name}" is no variable to be set there.`,
      `${shown(PLATFORM_CONFIGS[role])} has: ${free.join(', ') || 'none'}.`,
    )
  }
  const merged = Object.entries({ ...known, ...given }).map(([name, value]) => [
    name,
    decided[name] ?? value,
  ])
  return Object.fromEntries(merged.filter(([name]) => name !== OWNER_LINK)) as Record<
    string,
    string
  >
}

/** None where the provider knows us as a public client, or there is no provider; nor where nobody links accounts. */
const OPTIONAL_SECRETS: readonly string[] = ['OIDC_CLIENT_SECRET', 'CONNECTIONS']

export const requiredSecrets = ({ secrets }: Unstable_RawConfig) => ({
  required: (secrets?.required ?? []).filter((name) => !OPTIONAL_SECRETS.includes(name)),
})
