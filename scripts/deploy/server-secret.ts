/** Secrets of one Worker. Wrangler reaches those of ordinary Workers, the API those in a namespace. */
import { readWorker, namespacePath, secretNames } from './account.ts'
import type { Target } from './command.ts'
import { PLATFORM_ROLES, PLATFORM_WORKERS, workerName, type PlatformRole } from './names.ts'
import { runWrangler } from './wrangler.ts'

export interface SecretStore {
  list(): Promise<string[]>
  put(name: string, value: string): Promise<void>
  delete(name: string): Promise<void>
}

/** @param name of a server, or router, oauth, objects */
export function secretStore(target: Target, name: string): SecretStore {
  const { servers, env } = target.settings
  if (PLATFORM_ROLES.includes(name as PlatformRole)) {
    return ofWorker(target, workerName(PLATFORM_WORKERS[name as PlatformRole], env))
  }
  return servers.kind === 'namespace'
    ? inNamespace(target, `${namespacePath(servers.namespace)}/scripts/${name}/secrets`)
    : ofWorker(target, workerName(name, env))
}

function ofWorker({ cloudflare, wrangler }: Target, worker: string): SecretStore {
  return {
    list: async () => [...secretNames(await readWorker(cloudflare, worker))].sort(),
    async put(name, value) {
      await runWrangler(wrangler, ['secret', 'put', name, '--name', worker], value)
    },
    async delete(name) {
      await runWrangler(wrangler, ['secret', 'delete', name, '--name', worker])
    },
  }
}

function inNamespace({ cloudflare }: Target, path: string): SecretStore {
  return {
    async list() {
      const secrets = (await cloudflare.get<{ name: string }[]>(path)) ?? []
      return secrets.map(({ name }) => name).sort()
    },
    async put(name, text) {
      await cloudflare.send('PUT', path, { name, text, type: 'secret_text' })
    },
    async delete(name) {
      await cloudflare.send('DELETE', `${path}/${name}`)
    },
  }
}
