/** Taking a server off a platform: first nobody is sent to it, then it goes. */
import { linkedServers, namespacePath, type DeployedBinding } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import type { Target } from './command.ts'
import { platformConfig } from './config.ts'
import { PLATFORM_WORKERS, workerName } from './names.ts'
import type { Step } from './steps.ts'
import { uploadPlatform } from './upload.ts'
import { runWrangler } from './wrangler.ts'
import { Stop } from '../stop.ts'

/** Kinds of bindings that hold data which outlives the Worker. */
const DATA: Readonly<Record<string, string>> = {
  kv_namespace: 'namespace_id',
  d1: 'id',
  r2_bucket: 'bucket_name',
  queue: 'queue_name',
}

/** What stays behind when the Worker goes, a line each. */
export function dataOf(bindings: readonly DeployedBinding[]): string[] {
  return bindings.flatMap((binding) => {
    const member = DATA[binding.type]
    return member === undefined
      ? []
      : [`${binding.type} ${binding.name}: ${String(binding[member])}`]
  })
}

/** Object classes of its own: their data goes with the Worker. */
export const ownObjects = (bindings: readonly DeployedBinding[], worker: string): string[] =>
  bindings
    .filter(({ type, script_name }) => {
      return type === 'durable_object_namespace' && (!script_name || script_name === worker)
    })
    .map(({ class_name }) => String(class_name))

/** @param servers that remain bound, besides what the router is bound to now */
export function relinkStep(target: Target, without: string, servers: readonly string[] = []): Step {
  const { settings, state } = target
  const linked = linkedServers(state).filter((name) => name !== without)
  return {
    title: `upload the router without ${without}${servers.length > 0 ? `, with ${servers.join(', ')}` : ''}`,
    async run() {
      const config = platformConfig(
        'router',
        {
          settings,
          servers: [...linked, ...servers],
          linked: [...new Set([...linked, ...servers])].sort(),
          exists: (worker) =>
            state.workers.has(worker) ||
            servers.some((name) => worker === workerName(name, settings.env)),
        },
        state.catalogKvId ?? '',
      )
      await uploadPlatform(target, 'router', config)
    },
  }
}

export function deleteStep(target: Target, server: string): Step {
  const { settings, cloudflare, wrangler } = target
  const { servers, env } = settings
  return {
    title: `delete ${server}`,
    async run() {
      if (servers.kind === 'namespace') {
        const path = `${namespacePath(servers.namespace)}/scripts/${server}`
        await cloudflare.send('DELETE', path)
        return
      }
      const worker = workerName(server, env)
      await checkUnused(target, worker)
      await runWrangler(wrangler, ['delete', '--name', worker])
    },
  }
}

/** Wrangler, without a person to ask, would delete it all the same. */
async function checkUnused({ cloudflare, settings }: Target, worker: string): Promise<void> {
  const users = await usersOf(cloudflare, worker)
  if (users.length === 0) return
  throw new Stop(
    worker,
    `It is bound by ${users.join(', ')}.`,
    `Remove those bindings first. (The router is ${workerName(PLATFORM_WORKERS.router, settings.env)}.)`,
  )
}

/** Workers that are bound to this one. */
export async function usersOf(cloudflare: Cloudflare, worker: string): Promise<string[]> {
  const path = `/workers/scripts/${worker}/references`
  const references = await cloudflare.get<{ services?: { incoming?: { service: string }[] } }>(path)
  return (references?.services?.incoming ?? []).map(({ service }) => service)
}
