/**
 * The whole platform in one process: router, oauth, objects (SQLite on disk), KV
 * and servers over real bindings, from the configurations that are deployed.
 */
import { join } from 'node:path'
import { devSecrets, type DevSecrets } from '../../dev-secrets.ts'
import { generateRouterConfig, ROUTER_CONFIG, serverBinding } from '../../gen/router-config.ts'
import { ROOT } from '../../root.ts'
import { buildAuthorServer, type AuthorServer, type BuiltServer } from '../author-servers.ts'
import { bundleOwn } from '../bundle.ts'
import { legacyCalls, modernCalls, modernLists, openSession } from '../calls.ts'
import type { WorkerService } from '../capnp.ts'
import { KV_SERVICE, serviceOfConfig } from '../config-service.ts'
import { bearer } from '../credentials.ts'
import type { Exchange } from '../request.ts'
import { COMPATIBILITY_DATE, type Row, type Site, type TargetPlan } from '../target.ts'

const HUNDRED = Array.from({ length: 100 }, (_, index) => `echo-${index}`)

const SERVERS: readonly AuthorServer[] = [
  { name: 'echo', tools: ['echo'], visibility: 'private' },
  { name: 'open', tools: ['echo'], visibility: 'public' },
  { name: 'hundred', tools: HUNDRED, visibility: 'private' },
]

const OAUTH_CONFIG = join(ROOT, 'workers', 'oauth', 'wrangler.toml')
const OBJECTS_CONFIG = join(ROOT, 'durable-objects', 'wrangler.toml')

export const platform: TargetPlan = {
  name: 'platform',
  rowIds: ['platform', 'platform-public', 'platform-session', 'platform-list-100'],
  async create(site) {
    const port = await site.freePort()
    const origin = `http://localhost:${port}`
    const secrets = await devSecrets()
    return {
      deployment: {
        services: await platformServices(site, origin, secrets),
        sockets: [{ service: ROUTER, port }],
      },
      rows: rowsOf(port, origin, secrets),
    }
  },
}

const ROUTER = 'mcp-edge-router'

async function platformServices(
  site: Site,
  origin: string,
  secrets: DevSecrets,
): Promise<WorkerService[]> {
  generateRouterConfig()
  const servers = await Promise.all(SERVERS.map((server) => buildAuthorServer(site, server)))
  const present = new Set([ROUTER, 'mcp-edge-oauth', 'mcp-edge-objects'])
  const origins = { PUBLIC_ORIGIN: origin, ISSUER: origin }
  const [router, oauth, objects] = await Promise.all([
    serviceOfConfig(ROUTER_CONFIG, site, { text: { ...origins, ...secrets.router }, present }),
    serviceOfConfig(OAUTH_CONFIG, site, { text: { ...origins, ...secrets.oauth }, present }),
    serviceOfConfig(OBJECTS_CONFIG, site, { text: {}, present }),
  ])
  return [
    { ...router, bindings: { ...router.bindings, ...bindingsTo(servers) } },
    oauth,
    objects,
    {
      name: KV_SERVICE,
      module: await bundleOwn('kv', site),
      compatibilityDate: COMPATIBILITY_DATE,
    },
    ...servers.map(({ name, module }) => ({
      name,
      module,
      compatibilityDate: COMPATIBILITY_DATE,
      compatibilityFlags: ['enable_request_signal'],
    })),
  ]
}

const bindingsTo = (servers: readonly BuiltServer[]) =>
  Object.fromEntries(servers.map(({ name }) => [serverBinding(name), { service: name }]))

function rowsOf(port: number, origin: string, secrets: DevSecrets): Row[] {
  const urlOfServer = (name: string): URL => new URL(`${origin}/${name}/mcp`)
  const echo = urlOfServer('echo')
  const row = (id: string, title: string, make: () => Promise<Exchange[]>): Row => {
    let exchanges: Promise<Exchange[]> | undefined
    return { id, title, port, exchanges: () => (exchanges ??= make()) }
  }
  return [
    row('platform', 'Whole platform, 2026-07-28, JWT', async () =>
      modernCalls(echo, await bearer(secrets, origin, 'echo')),
    ),
    row('platform-public', 'Whole platform, 2026-07-28, no token, public server', async () =>
      modernCalls(urlOfServer('open')),
    ),
    row('platform-session', 'Whole platform, 2025-11-25 session, JWT', async () => {
      const headers = await bearer(secrets, origin, 'echo')
      return legacyCalls(echo, await openSession(echo, headers), headers)
    }),
    row('platform-list-100', 'tools/list of 100 tools from the router, JWT', async () =>
      modernLists(urlOfServer('hundred'), 'echo-99', await bearer(secrets, origin, 'hundred')),
    ),
  ]
}
