/** After a change of the form of SERVERS: what the form before left behind. */
import { experimental_readRawConfig } from 'wrangler'
import { samePlace, serverPath, serversInNamespace, type DeployedPlatform } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'
import { serverConfigPath } from './config.ts'
import { isOurs } from './embedded-anchor.ts'
import { workerName } from './names.ts'
import { usesAddresses } from './servers-form.ts'
import { keepSettings, settingsFile, type DeploySettings } from './settings.ts'
import type { Step } from './steps.ts'
import { usersOf } from './unlink.ts'
import { shown } from '../root.ts'

interface Tidying {
  readonly cloudflare: Cloudflare
  readonly settings: DeploySettings
  readonly state: DeployedPlatform
  readonly servers: readonly string[]
  readonly chosen: readonly string[]
  /** What stays behind, a line each: shown when the command has ended. */
  readonly remarks?: string[]
}

/** None where the form does not change. */
export function tidySteps(tidying: Tidying): Step[] {
  const { cloudflare, settings } = tidying
  const { env, moving, servers: to } = settings
  if (!moving) return []
  const kept = { accountId: cloudflare.accountId }
  const stay = samePlace(moving.from, to)
  const closes = stay && usesAddresses(moving.from) && !usesAddresses(to)
  return [
    ...(closes
      ? [{ title: 'switch off addresses of servers', run: () => closeAddresses(tidying) }]
      : []),
    ...(stay
      ? []
      : [{ title: 'remove servers of the form before', run: () => removeOld(tidying) }]),
    {
      title: `note in ${shown(settingsFile(env))} that nothing is left`,
      run: async () => keepSettings(settings, kept),
    },
  ]
}

/** Where the author's wrangler.toml does not ask for the address. */
async function closeAddresses({ cloudflare, settings, servers }: Tidying): Promise<void> {
  for (const name of servers) {
    const { rawConfig } = experimental_readRawConfig({ config: serverConfigPath(name) })
    const path = `${serverPath(settings.servers, settings.env, name)}/subdomain`
    if (rawConfig.workers_dev === true || (await cloudflare.get(path)) === undefined) continue
    await cloudflare.send('POST', path, { enabled: false, previews_enabled: false })
  }
}

async function removeOld(tidying: Tidying): Promise<void> {
  const { cloudflare, settings, state, servers, chosen, remarks = [] } = tidying
  const { env, servers: to, moving } = settings
  if (!moving) return
  const there = await serversInNamespace(cloudflare, moving.from)
  const moved = (await serversInNamespace(cloudflare, to)) ?? state.workers
  const inNew = (name: string): boolean =>
    chosen.includes(name) || moved.has(to.kind === 'namespace' ? name : workerName(name, env))
  const inOld = (name: string): boolean =>
    there ? there.has(name) : state.workers.has(workerName(name, env))
  const known = new Set([...servers, ...(there ?? []), ...(to.kind === 'namespace' ? moved : [])])
  for (const name of [...known].filter((each) => inOld(each) && inNew(each))) {
    const path = serverPath(moving.from, env, name)
    const users = there ? [] : await usersOf(cloudflare, workerName(name, env))
    if (users.length > 0) {
      remarks.push(`The old Worker ${workerName(name, env)} stays: ${users.join(', ')} uses it.`)
    } else if (await isOurs(cloudflare, moving.from, env, name)) {
      await cloudflare.send('DELETE', path)
    } else {
      remarks.push(`The Worker ${workerName(name, env)} stays: it is not of this platform.`)
    }
  }
  if (moving.from.kind === 'namespace') {
    remarks.push(`The dispatch namespace ${moving.from.namespace} stays, without these servers.`)
  }
}
