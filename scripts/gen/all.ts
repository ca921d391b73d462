/** Everything generated, for one environment: each server's entry and the router's configuration. */
import { join } from 'node:path'
import { devSecrets } from '../dev-secrets.ts'
import { ROOT } from '../root.ts'
import { generateServer } from './entry.ts'
import { generateRouterConfig } from './router-config.ts'
import { listServers } from './sources.ts'
import { DEV, readTrust } from './trust.ts'

/**
 * @param environment default: the one MCP_EDGE_ENV names, else production
 * @throws Stop naming the first server that cannot be built
 */
export async function generateAll(environment?: string): Promise<void> {
  if (environment === DEV) await devSecrets()
  const trust = readTrust(environment)
  const workers = join(ROOT, 'workers')
  for (const name of listServers(workers)) await generateServer(workers, name, trust)
  generateRouterConfig()
}
