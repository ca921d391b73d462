/** What Workers are called in an environment, and which are the platform's own. */
import { join } from 'node:path'
import { DEV, PRODUCTION } from '#shared/lib/next-command.ts'
import { ROOT } from '../root.ts'
import { Stop } from '../stop.ts'

export { PRODUCTION }

/** In the order in which they are uploaded; servers come before the router. */
export const PLATFORM_ROLES = ['objects', 'oauth', 'router'] as const
export type PlatformRole = (typeof PLATFORM_ROLES)[number]

export const PLATFORM_CONFIGS: Readonly<Record<PlatformRole, string>> = {
  objects: join(ROOT, 'durable-objects', 'wrangler.toml'),
  oauth: join(ROOT, 'workers', 'oauth', 'wrangler.toml'),
  router: join(ROOT, 'wrangler.toml'),
}

export const PLATFORM_WORKERS: Readonly<Record<PlatformRole, string>> = {
  objects: 'mcp-edge-objects',
  oauth: 'mcp-edge-oauth',
  router: 'mcp-edge-router',
}

/** `clock` → `clock--staging`: `--` cannot occur in a server's name. */
export const workerName = (name: string, env: string): string =>
  env === PRODUCTION ? name : `${name}--${env}`

/** The shared KV namespace: wrangler would make one for each Worker. */
export const catalogTitle = (env: string): string => workerName('mcp-edge-catalog', env)

const ENVIRONMENT = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const ENVIRONMENT_CHARS_MAX = 20

/**
 * @param here how this machine's own platform is served instead
 * @throws Stop when nothing can be deployed under that name
 */
export function checkEnvironment(env: string, here: string): void {
  if (env === DEV) {
    const what = '"dev" is the platform on this machine: nothing of it is deployed.'
    throw new Stop('--env', what, `On this machine: ${here}`)
  }
  if (ENVIRONMENT.test(env) && env.length <= ENVIRONMENT_CHARS_MAX) return
  throw new Stop(
    '--env',
    `"${env}" cannot be an environment's name (it ends the names of its Workers).`,
    `Use lower-case letters, digits and single hyphens, at most ${ENVIRONMENT_CHARS_MAX} characters.`,
  )
}
