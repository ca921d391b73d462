/** What a deployed server is bound to, in either place a server can be. */
import type { Unstable_RawConfig } from 'wrangler'
import { isDeployed, namespacePath, readWorker, type DeployedBinding } from './account.ts'
import type { Target } from './command.ts'
import { workerName } from './names.ts'

/** None where it is not deployed. */
export async function bindingsOf(
  { cloudflare, settings, state }: Omit<Target, 'wrangler'>,
  server: string,
): Promise<readonly DeployedBinding[]> {
  if (!isDeployed(state, settings, server)) return []
  const { servers, env } = settings
  if (servers.kind !== 'namespace') {
    return (await readWorker(cloudflare, workerName(server, env)))?.bindings ?? []
  }
  const path = `${namespacePath(servers.namespace)}/scripts/${server}/settings`
  const found = await cloudflare.get<{ bindings: DeployedBinding[] }>(path)
  return found?.bindings ?? []
}

/** How a kind of resource is named: in a configuration, and by the API. */
const RESOURCES = [
  { list: 'kv_namespaces', member: 'id', type: 'kv_namespace', deployedMember: 'namespace_id' },
  { list: 'd1_databases', member: 'database_id', type: 'd1', deployedMember: 'id' },
  { list: 'r2_buckets', member: 'bucket_name', type: 'r2_bucket', deployedMember: 'bucket_name' },
] as const

/**
 * With the ids of what the server has already. Wrangler looks for them among ordinary
 * Workers, and in a namespace would try to make every resource again.
 */
export function withKnownIds(
  config: Unstable_RawConfig,
  deployed: readonly DeployedBinding[],
): Unstable_RawConfig {
  const lists = RESOURCES.map(({ list, member, type, deployedMember }) => {
    const configured = (config[list] ?? []) as readonly { binding: string }[]
    const known = configured.map((item) => {
      const found = deployed.find(({ name, type: kind }) => name === item.binding && kind === type)
      return Object.hasOwn(item, member) || !found
        ? item
        : { ...item, [member]: found[deployedMember] }
    })
    return [list, known] as const
  })
  return { ...config, ...Object.fromEntries(lists) }
}
