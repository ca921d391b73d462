/** Environment variables under which wrangler stays quiet, sends nothing and needs no network. */
import { join } from 'node:path'
import { DEV, ENVIRONMENT_VARIABLE } from './gen/trust.ts'
import { ROOT } from './root.ts'

export const QUIET_WRANGLER: Readonly<Record<string, string>> = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_LOG_PATH: join(ROOT, '.wrangler', 'logs'),
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
}

/** For scripts and tests that build for development with wrangler in their own process. */
export function useDevEnvironment(): void {
  Object.assign(process.env, QUIET_WRANGLER, { [ENVIRONMENT_VARIABLE]: DEV })
}

/** For scripts that read configurations with wrangler in their own process. */
export function useQuietWrangler(): void {
  Object.assign(process.env, QUIET_WRANGLER)
}
