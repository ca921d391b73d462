/**
 * Secrets that servers require ([secrets] of their wrangler.toml) and do not have yet:
 * a Worker that does not exist cannot be given any beforehand, so they travel with its
 * first upload. Asked for, or taken from variables of their names.
 */
import { experimental_readRawConfig } from 'wrangler'
import { Stop } from '../stop.ts'
import { secretNames } from './account.ts'
import { askSecret } from './ask-secret.ts'
import type { Target } from './command.ts'
import { serverConfigPath } from './config.ts'
import { bindingsOf } from './server-bindings.ts'

/** Server → secret → text. */
export type ServerSecrets = Readonly<Record<string, Readonly<Record<string, string>>>>

export interface NeededSecret {
  readonly server: string
  readonly name: string
}

/** Also those a server had in the form before: Cloudflare never shows one, so none can be copied. */
export async function neededSecrets(
  target: Omit<Target, 'wrangler'>,
  servers: readonly string[],
): Promise<NeededSecret[]> {
  const needed = await Promise.all(
    servers.map(async (server) => {
      const { rawConfig } = experimental_readRawConfig({ config: serverConfigPath(server) })
      const required: readonly string[] = rawConfig.secrets?.required ?? []
      const wanted = new Set([...required, ...(await secretsBefore(target, server))])
      if (wanted.size === 0) return []
      const has = secretNames({ bindings: await bindingsOf(target, server) })
      return [...wanted].filter((name) => !has.has(name)).map((name) => ({ server, name }))
    }),
  )
  return needed.flat()
}

async function secretsBefore(
  target: Omit<Target, 'wrangler'>,
  server: string,
): Promise<ReadonlySet<string>> {
  const { moving } = target.settings
  if (!moving || moving.switched) return new Set()
  return secretNames({ bindings: await bindingsOf(target, server, moving.from) })
}

/** @throws Stop, before anything is sent, when one is missing and nobody can be asked */
export async function collectSecrets(needed: readonly NeededSecret[]): Promise<ServerSecrets> {
  const found: Record<string, Record<string, string>> = {}
  for (const { server, name } of needed) {
    const value =
      process.env[name] ?? (process.stdin.isTTY ? await askSecret(`${server}: ${name}`) : '')
    if (!value) throw missing(server, name)
    found[server] = { ...found[server], [name]: value }
  }
  return found
}

const missing = (server: string, name: string): Stop =>
  new Stop(
    `workers/${server}/wrangler.toml`,
    `${server} requires the secret ${name}, and it has none yet where it will run.`,
    `Run the command in a terminal, which asks for it, or with a variable ${name} set;
    or leave the server out for now ("leaveOut" in deploy.<env>.json).`,
  )
