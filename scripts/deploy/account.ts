/** What the account holds of one platform: read anew by every run, kept nowhere. */
import type { Cloudflare } from './cloudflare.ts'
import {
  catalogTitle,
  PLATFORM_ROLES,
  PLATFORM_WORKERS,
  workerName,
  type PlatformRole,
} from './names.ts'
import type { ServersForm } from './servers-form.ts'
import type { DeploySettings } from './settings.ts'

export interface DeployedBinding {
  readonly type: string
  readonly name: string
  readonly [member: string]: unknown
}

export interface DeployedWorker {
  readonly bindings: readonly DeployedBinding[]
  readonly compatibility_date?: string
}

export interface DeployedPlatform {
  /** Names of all Workers of the account, ours or not. */
  readonly workers: ReadonlySet<string>
  readonly platform: Readonly<Partial<Record<PlatformRole, DeployedWorker>>>
  /** Of the shared KV namespace. */
  readonly catalogKvId: string | undefined
  /** Names in the dispatch namespace; `undefined`: there is none, or it is not used. */
  readonly namespaceServers: ReadonlySet<string> | undefined
}

export async function readPlatform(
  cloudflare: Cloudflare,
  settings: DeploySettings,
): Promise<DeployedPlatform> {
  const [workers, catalogKvId, namespaceServers] = await Promise.all([
    cloudflare.get<{ id: string }[]>('/workers/scripts'),
    catalogKv(cloudflare, settings.env),
    serversInNamespace(cloudflare, settings.servers),
  ])
  const names = new Set((workers ?? []).map(({ id }) => id))
  const platform = await Promise.all(
    PLATFORM_ROLES.map(async (role) => {
      const name = workerName(PLATFORM_WORKERS[role], settings.env)
      return [role, names.has(name) ? await readWorker(cloudflare, name) : undefined] as const
    }),
  )
  return { workers: names, platform: Object.fromEntries(platform), catalogKvId, namespaceServers }
}

export const readWorker = (cloudflare: Cloudflare, name: string) =>
  cloudflare.get<DeployedWorker>(`/workers/scripts/${name}/settings`)

/** Its id, once it was made. */
export async function catalogKv(cloudflare: Cloudflare, env: string): Promise<string | undefined> {
  const title = catalogTitle(env)
  const all = await cloudflare.list<{ id: string; title: string }>('/storage/kv/namespaces')
  return all.find((namespace) => namespace.title === title)?.id
}

export const namespacePath = (namespace: string): string =>
  `/workers/dispatch/namespaces/${namespace}`

/**
 * Where the API has one server's Worker: in a namespace under its bare name, else among
 * the account's Workers. Bindings to other Workers and a URL template share that place.
 */
export const serverPath = (form: ServersForm, env: string, server: string): string =>
  form.kind === 'namespace'
    ? `${namespacePath(form.namespace)}/scripts/${server}`
    : `/workers/scripts/${workerName(server, env)}`

/** Whether a server is the same Worker in both forms, and only the way to it differs. */
export const samePlace = (a: ServersForm, b: ServersForm): boolean =>
  a.kind === 'namespace'
    ? b.kind === 'namespace' && a.namespace === b.namespace
    : b.kind !== 'namespace'

/** Names in the namespace of that form; `undefined`: there is none, or the form has none. */
export async function serversInNamespace(
  cloudflare: Cloudflare,
  form: ServersForm,
): Promise<ReadonlySet<string> | undefined> {
  if (form.kind !== 'namespace') return undefined
  const path = namespacePath(form.namespace)
  if (!(await cloudflare.get(path))) return undefined
  const scripts = await cloudflare.get<{ id: string }[]>(`${path}/scripts`)
  return new Set((scripts ?? []).map(({ id }) => id))
}

/** Whether a server runs, in the form this platform uses. */
export function isDeployed(
  { workers, namespaceServers }: DeployedPlatform,
  { env, servers }: DeploySettings,
  name: string,
): boolean {
  if (servers.kind === 'namespace') return namespaceServers?.has(name) ?? false
  return workers.has(workerName(name, env))
}

const SERVER_BINDING = 'SERVER_'

/** Servers the deployed router is bound to. */
export function linkedServers({ platform }: DeployedPlatform): string[] {
  const bindings = platform.router?.bindings ?? []
  return bindings
    .filter(({ type, name }) => type === 'service' && name.startsWith(SERVER_BINDING))
    .map(({ name }) => name.slice(SERVER_BINDING.length).replaceAll('_', '-'))
}

export const secretNames = (worker: DeployedWorker | undefined): ReadonlySet<string> =>
  new Set(worker?.bindings.filter(({ type }) => type === 'secret_text').map(({ name }) => name))
