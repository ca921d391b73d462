/** Under which addresses the router answers: those its settings name, and no other. */
import type { Unstable_RawConfig } from 'wrangler'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { PLATFORM_WORKERS, workerName } from './names.ts'
import { isLoopback, settingsFile, type DeploySettings } from './settings.ts'

const WORKERS_DEV = '.workers.dev'

/** @throws Stop for a workers.dev address that is another Worker's */
export function publicRoutes(
  settings: DeploySettings,
): Pick<Unstable_RawConfig, 'routes' | 'workers_dev'> {
  const { env, publicOrigin, issuer } = settings
  const hosts = [...new Set([publicOrigin, issuer])]
    .filter((origin) => !isLoopback(origin))
    .map((origin) => new URL(origin).hostname)
  const onWorkersDev = hosts.filter((host) => host.endsWith(WORKERS_DEV))
  const router = workerName(PLATFORM_WORKERS.router, env)
  const other = onWorkersDev.find((host) => !host.startsWith(`${router}.`))
  if (other !== undefined) {
    throw new Stop(
      shown(settingsFile(env)),
      `"${other}" is not where the router of ${env} answers.`,
      `On workers.dev its host begins with "${router}."; or use a domain of the account.`,
    )
  }
  const routes = hosts
    .filter((host) => !host.endsWith(WORKERS_DEV))
    .map((pattern) => ({ pattern, custom_domain: true }))
  return { workers_dev: onWorkersDev.length > 0, ...(routes.length > 0 ? { routes } : {}) }
}
