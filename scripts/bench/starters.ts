/** Whose cold starts are measured: a bare Worker, our router and an author's server, the SDK's server. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { devSecrets } from '../dev-secrets.ts'
import { ROUTER_CONFIG } from '../gen/router-config.ts'
import { buildAuthorServer } from './author-servers.ts'
import { bundleOwn, type BundlePlace } from './bundle.ts'
import { modernCalls } from './calls.ts'
import type { WorkerService } from './capnp.ts'
import type { Starter } from './cold-start.ts'
import { KV_SERVICE, serviceOfConfig } from './config-service.ts'
import { internalHeaders } from './credentials.ts'
import { httpRequest, type Exchange } from './request.ts'
import { COMPATIBILITY_DATE, urlOf, type Site } from './target.ts'

/** What a starter is before it has a port. */
interface Plan {
  readonly id: string
  /** The first answers; the others are there because bindings must point somewhere. */
  services(
    place: BundlePlace,
    origin: string,
  ): Promise<readonly [WorkerService, ...WorkerService[]]>
  exchange(port: number): Exchange | Promise<Exchange>
}

export const BARE = 'bare'
/** With the peers' one tool, so that starts compare. */
export const AUTHOR_SERVER = 'author-server'
const compatibilityDate = COMPATIBILITY_DATE

export async function createStarters(site: Site): Promise<Starter[]> {
  const plans = [bare, router, await authorServer(site), sdk]
  return Promise.all(
    plans.map(async ({ id, services, exchange }) => {
      const folder = join(site.folder, id)
      mkdirSync(folder, { recursive: true })
      const port = await site.freePort()
      const all = await services({ ...site, folder }, `http://localhost:${port}`)
      const sockets = [{ service: all[0].name, port }]
      return {
        id,
        folder,
        port,
        deployment: { services: all, sockets },
        exchange: await exchange(port),
      }
    }),
  )
}

const get = (port: number, path: string, includes: string): Exchange => ({
  request: httpRequest('GET', urlOf(port, path), {}, ''),
  status: 200,
  includes: [includes],
})

const bare: Plan = {
  id: BARE,
  services: async (place) => [
    { name: BARE, module: await bundleOwn(BARE, place), compatibilityDate },
  ],
  exchange: (port) => get(port, '/', 'ok'),
}

/** Its neighbours are bare: they would start at the same time, and only in this one process. */
const router: Plan = {
  id: 'router',
  async services(place, origin) {
    const secrets = await devSecrets()
    const names = ['mcp-edge-oauth', 'mcp-edge-objects']
    const own = await serviceOfConfig(ROUTER_CONFIG, place, {
      text: { PUBLIC_ORIGIN: origin, ISSUER: origin, ...secrets.router },
      present: new Set(names),
    })
    const module = await bundleOwn(BARE, place)
    const classes = ['CatalogObject', 'FeedObject', 'SessionObject']
    return [
      own,
      ...[KV_SERVICE, ...names].map((name) => ({ name, module, compatibilityDate, classes })),
    ]
  },
  exchange: (port) => get(port, '/health', '"ok"'),
}

async function authorServer(site: Site): Promise<Plan> {
  const place = { ...site, folder: join(site.folder, AUTHOR_SERVER) }
  const server = await buildAuthorServer(place, {
    name: 'echo',
    tools: ['echo'],
    visibility: 'private',
  })
  return {
    id: AUTHOR_SERVER,
    services: async () => [{ name: 'echo', module: server.module, compatibilityDate }],
    exchange: async (port) =>
      firstOf(modernCalls(urlOf(port, '/mcp'), await internalHeaders(await devSecrets(), server))),
  }
}

const sdk: Plan = {
  id: 'sdk',
  services: async (place) => [
    { name: 'sdk', module: await bundleOwn('sdk', place), compatibilityDate },
  ],
  exchange: (port) => firstOf(modernCalls(urlOf(port, '/mcp'))),
}

function firstOf([first]: readonly Exchange[]): Exchange {
  if (!first) throw new Error('no exchange')
  return first
}
