/**
 * The whole platform in one process: router, oauth, objects (SQLite on disk), KV
 * and servers over real bindings, from the configurations that are deployed.
 */
import { join } from 'node:path'
import { devSecrets } from '../../dev-secrets.ts'
import type { PlatformSecrets } from '../../keys/platform-keys.ts'
import { generateRouterConfig, ROUTER_CONFIG, serverBinding } from '../../gen/router-config.ts'
import { ROOT } from '../../root.ts'
import { buildAuthorServer, type AuthorServer, type BuiltServer } from '../author-servers.ts'
import { bundleOwn } from '../bundle.ts'
import { legacyCalls, modernCalls, modernLists, openSession, provenCalls } from '../calls.ts'
import type { Deployment, WorkerService } from '../capnp.ts'
import { KV_SERVICE, serviceOfConfig } from '../config-service.ts'
import { bearer, dpopToken } from '../credentials.ts'
import { makeProofs } from '../proofs.ts'
import type { Exchange } from '../request.ts'
import { COMPATIBILITY_DATE, type Row, type Site, type TargetPlan } from '../target.ts'

const HUNDRED = Array.from({ length: 100 }, (_, index) => `echo-${index}`)

const ECHO: AuthorServer = { name: 'echo', tools: ['echo'], visibility: 'private' }
const SERVERS: readonly AuthorServer[] = [
  ECHO,
  { name: 'open', tools: ['echo'], visibility: 'public' },
  { name: 'hundred', tools: HUNDRED, visibility: 'private' },
  { name: 'writes', tools: ['echo'], visibility: 'private', changes: true },
]

const OAUTH_CONFIG = join(ROOT, 'workers', 'oauth', 'wrangler.toml')
const OBJECTS_CONFIG = join(ROOT, 'durable-objects', 'wrangler.toml')

const ROUTER = 'mcp-edge-router'

/** SERVERS as service bindings. */
export const platform: TargetPlan = {
  name: 'platform',
  rowIds: [
    'platform',
    'platform-public',
    'platform-dpop',
    'platform-dpop-strict',
    'platform-session',
    'platform-list-100',
  ],
  async create(site) {
    const place = await placeOf(site)
    return { deployment: await deploymentOf(place, SERVERS), rows: rowsOf(place) }
  },
}

/** The platform with these servers behind service bindings. */
export async function deploymentOf(
  place: Place,
  authored: readonly AuthorServer[],
): Promise<Deployment> {
  const servers: BuiltServer[] = []
  for (const server of authored) servers.push(await buildAuthorServer(place.site, server))
  const [router, ...others] = await platformServices(place, servers)
  const bound = { ...router, bindings: { ...router.bindings, ...bindingsTo(servers) } }
  return { services: [bound, ...others], sockets: [{ service: ROUTER, port: place.port }] }
}

/** SERVERS as a URL template: over HTTP, as to a Worker of another account. */
export const platformByUrl: TargetPlan = {
  name: 'platform-url',
  rowIds: ['platform-url'],
  async create(site) {
    const place = await placeOf(site)
    const serverPort = await site.freePort()
    const server = await buildAuthorServer(site, ECHO)
    const [router, ...others] = await platformServices(place, [server])
    const SERVERS_URL = { text: `http://127.0.0.1:${serverPort}/{name}` }
    const bound = {
      ...router,
      bindings: { ...router.bindings, SERVERS_URL },
      reachesLoopback: true,
    }
    return {
      deployment: {
        services: [bound, ...others],
        sockets: [
          { service: ROUTER, port: place.port },
          { service: ECHO.name, port: serverPort },
        ],
      },
      rows: [callRow(place, 'platform-url', 'Whole platform, 2026-07-28, JWT, servers by URL')],
    }
  },
}

/** One platform: where it is built, where it answers, with which secrets. */
export interface Place {
  readonly site: Site
  readonly port: number
  readonly origin: string
  readonly secrets: PlatformSecrets
}

export async function placeOf(site: Site): Promise<Place> {
  const port = await site.freePort()
  return { site, port, origin: `http://localhost:${port}`, secrets: await devSecrets() }
}

/** The router, still without SERVERS, first. */
async function platformServices(
  { site, origin, secrets }: Place,
  servers: readonly BuiltServer[],
): Promise<[WorkerService, ...WorkerService[]]> {
  generateRouterConfig()
  const present = new Set([ROUTER, 'mcp-edge-oauth', 'mcp-edge-objects'])
  const origins = { PUBLIC_ORIGIN: origin, ISSUER: origin }
  const [router, oauth, objects] = await Promise.all([
    serviceOfConfig(ROUTER_CONFIG, site, { text: { ...origins, ...secrets.router }, present }),
    serviceOfConfig(OAUTH_CONFIG, site, { text: { ...origins, ...secrets.oauth }, present }),
    serviceOfConfig(OBJECTS_CONFIG, site, { text: { ...secrets.objects }, present }),
  ])
  return [
    router,
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

function rowsOf(place: Place): Row[] {
  const { port, origin, secrets } = place
  const row = (id: string, title: string, make: () => Promise<Exchange[]>): Row => ({
    id,
    title,
    port,
    exchanges: once(make),
  })
  return [
    callRow(place, 'platform', 'Whole platform, 2026-07-28, JWT'),
    row('platform-public', 'Whole platform, 2026-07-28, no token, public server', async () =>
      modernCalls(urlOfServer(place, 'open')),
    ),
    dpopRow(place, 'platform-dpop', 'Whole platform, 2026-07-28, JWT + DPoP', 'echo'),
    dpopRow(
      place,
      'platform-dpop-strict',
      'The same, strict replay (a tool that changes)',
      'writes',
    ),
    row('platform-session', 'Whole platform, 2025-11-25 session, JWT', async () => {
      const url = urlOfServer(place, 'echo')
      const headers = await bearer(secrets, origin, 'echo')
      return legacyCalls(url, await openSession(url, headers), headers)
    }),
    row('platform-list-100', 'tools/list of 100 tools from the router, JWT', async () =>
      modernLists(
        urlOfServer(place, 'hundred'),
        'echo-99',
        await bearer(secrets, origin, 'hundred'),
      ),
    ),
  ]
}

function callRow(place: Place, id: string, title: string): Row {
  const { port, origin, secrets } = place
  return {
    id,
    title,
    port,
    exchanges: once(async () =>
      modernCalls(urlOfServer(place, 'echo'), await bearer(secrets, origin, 'echo')),
    ),
  }
}

/** A proof for each call, made anew before each window: its nonce lasts a minute or two. */
function dpopRow(place: Place, id: string, title: string, server: string): Row {
  const { port, origin, secrets } = place
  const token = once(() => dpopToken(secrets, origin, server))
  return {
    id,
    title,
    port,
    sentOnce: true,
    async exchanges() {
      const url = urlOfServer(place, server)
      return provenCalls(url, await token(), await makeProofs(secrets, url, await token()))
    },
  }
}

const urlOfServer = ({ origin }: Place, name: string): URL => new URL(`${origin}/${name}/mcp`)

/** The same in every round: a new token would be verified anew, which a warm call is not. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}
