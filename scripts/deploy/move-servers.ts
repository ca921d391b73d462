/**
 * From one form of SERVERS to another. Servers are put in their new place beside the old
 * one, with the KV, D1, R2 and queues they hold; then the router is turned over; then
 * settings name the new form; then the old place is tidied up. Broken off anywhere, the
 * same command goes on: until the router is turned over callers reach the old place, and
 * what is left to tidy stands in the settings.
 */
import { experimental_readRawConfig } from 'wrangler'
import { nextCommand } from '#shared/lib/next-command.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import {
  linkedServers,
  samePlace,
  serverPath,
  serversInNamespace,
  type DeployedPlatform,
} from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import { serverConfigPath } from './config.ts'
import { isOurs } from './embedded-anchor.ts'
import { workerName } from './names.ts'
import { bindingsOf } from './server-bindings.ts'
import { formText, usesAddresses, type ServersForm } from './servers-form.ts'
import type { DeploySettings } from './settings.ts'
import { ownObjects } from './unlink.ts'

interface Reader {
  readonly cloudflare: Cloudflare
  readonly settings: DeploySettings
  readonly state: DeployedPlatform
}

/** What a change of form has to do with the servers there are. */
export interface MovePlan {
  /** Folders to upload: they run in the form before. */
  readonly uploads: readonly string[]
  /** They stay where they are, and have no folder here: the router is bound to them. */
  readonly binds: readonly string[]
  /** Likewise: their workers.dev addresses are switched on before the router is turned over. */
  readonly opens: readonly string[]
}

/**
 * @param folders servers of this checkout
 * @throws Stop, before anything is changed, when a server would be lost or lose data
 */
export async function planMove(reader: Reader, folders: readonly string[]): Promise<MovePlan> {
  const { cloudflare, settings } = reader
  const { env, servers: to, moving } = settings
  const none = { uploads: [], binds: [], opens: [] }
  if (!moving || moving.switched) return none
  const running = await serversBefore(reader, moving.from, folders)
  const uploads = running.filter((name) => folders.includes(name))
  const strangers = running.filter((name) => !folders.includes(name))
  const stay = samePlace(moving.from, to)
  if (stay && to.kind === 'bindings') return { uploads, binds: strangers, opens: [] }
  if (stay && usesAddresses(to)) return { uploads, binds: [], opens: strangers }
  if (!stay) for (const name of uploads) await checkMoves(cloudflare, settings, name, moving.from)
  const there = (await serversInNamespace(cloudflare, to)) ?? new Set()
  const lost = strangers.filter((name) => !there.has(name))
  if (lost.length === 0) return { ...none, uploads }
  throw new Stop(
    lost.join(', '),
    `It was deployed from another checkout: the router would not find it in "${formText(to)}".`,
    `Bring its folder here (workers/${lost[0]}), or take it off: ${nextCommand(env, 'remove', lost[0] ?? '')}`,
  )
}

/** All that callers reach in that form. */
async function serversBefore(
  { cloudflare, settings, state }: Reader,
  from: ServersForm,
  folders: readonly string[],
): Promise<string[]> {
  const { env } = settings
  if (from.kind === 'namespace') return [...((await serversInNamespace(cloudflare, from)) ?? [])]
  if (from.kind === 'bindings') return linkedServers(state)
  const known = folders.filter((name) => state.workers.has(workerName(name, env)))
  const suffix = workerName('', env)
  const others = [...state.workers]
    .filter((worker) => worker.endsWith(suffix) && !worker.startsWith('mcp-edge-'))
    .map((worker) => worker.slice(0, worker.length - suffix.length))
    .filter((name) => !name.includes('--') && !known.includes(name))
  const ours: string[] = []
  for (const name of others) if (await isOurs(cloudflare, from, env, name)) ours.push(name)
  return [...known, ...ours]
}

async function checkMoves(
  cloudflare: Cloudflare,
  settings: DeploySettings,
  name: string,
  from: ServersForm,
): Promise<void> {
  const { env, servers: to } = settings
  const path = shown(serverConfigPath(name))
  const objects = ownObjects(
    await bindingsOf({ cloudflare, settings }, name, from),
    workerName(name, env),
  )
  if (objects.length > 0) {
    throw new Stop(
      path,
      `Its objects (${objects.join(', ')}) belong to the Worker it is now: what they remember would be lost.`,
      'Leave the form as it is, or give the server another place for that data first.',
    )
  }
  const unfit = to.kind === 'namespace' ? triggersOf(name) : []
  if (unfit.length > 0) {
    throw new Stop(
      path,
      `It has ${unfit.join(' and ')}, which a Worker in a dispatch namespace cannot have.`,
      'Move them to a Worker of their own, then run this again.',
    )
  }
  const taken = (await cloudflare.get(`${serverPath(to, env, name)}/settings`)) !== undefined
  if (!taken || (await isOurs(cloudflare, to, env, name))) return
  throw new Stop(
    formText(to),
    `There is a Worker called ${name} that is not of this platform: it would be replaced.`,
    `Give one of the two another name (${nextCommand(env, 'rename', name, '<new>')}), then run this again.`,
  )
}

function triggersOf(name: string): string[] {
  const { rawConfig } = experimental_readRawConfig({ config: serverConfigPath(name) })
  const { triggers, queues } = rawConfig
  return [
    ...((triggers?.crons?.length ?? 0) > 0 ? ['cron triggers'] : []),
    ...((queues?.consumers?.length ?? 0) > 0 ? ['queue consumers'] : []),
  ]
}
