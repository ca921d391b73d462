/** Whose cold starts are measured: a bare Worker, our router and an author's server, the SDK's server. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { devSecrets } from '../dev-secrets.ts'
import { ROUTER_CONFIG } from '../gen/router-config.ts'
import { buildAuthorServer } from './author-servers.ts'
import { bundleOwn, type BundlePlace } from './bundle.ts'
import { modernCalls } from './calls.ts'
import type { Binding, WorkerService } from './capnp.ts'
import type { Starter } from './cold-start.ts'
import { serviceOfConfig } from './config-service.ts'
import { internalHeaders } from './credentials.ts'
import { httpRequest, type Exchange } from './request.ts'
import { COMPATIBILITY_DATE, urlOf, type Site } from './target.ts'

/** What a starter is before it has a port. */
interface Plan {
  readonly id: string
  service(place: BundlePlace, origin: string): Promise<WorkerService>
  exchange(port: number): Exchange | Promise<Exchange>
}

export const BARE = 'bare'
/** With the peers' one tool, so that starts compare. */
export const AUTHOR_SERVER = 'author-server'
const compatibilityDate = COMPATIBILITY_DATE

export async function createStarters(site: Site): Promise<Starter[]> {
  const plans = [bare, router, await authorServer(site), sdk]
  return Promise.all(
    plans.map(async ({ id, service, exchange }) => {
      const folder = join(site.folder, id)
      mkdirSync(folder, { recursive: true })
      const port = await site.freePort()
      const own = await service({ ...site, folder }, `http://localhost:${port}`)
      return {
        id,
        folder,
        port,
        deployment: { services: [own], sockets: [{ service: own.name, port }] },
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
  service: async (place) => ({
    name: BARE,
    module: await bundleOwn(BARE, place),
    compatibilityDate,
  }),
  exchange: (port) => get(port, '/', 'ok'),
}

/** Of its neighbours none starts here: in production they are other processes' Workers. */
const router: Plan = {
  id: 'router',
  async service(place, origin) {
    const secrets = await devSecrets()
    const own = await serviceOfConfig(ROUTER_CONFIG, place, {
      text: { PUBLIC_ORIGIN: origin, ISSUER: origin, ...secrets.router },
      present: new Set(),
    })
    return { ...own, bindings: textsOf(own.bindings ?? {}) }
  },
  exchange: (port) => get(port, '/health', '"ok"'),
}

/** `/health` needs no other binding. */
const textsOf = (bindings: Readonly<Record<string, Binding>>): Record<string, Binding> =>
  Object.fromEntries(Object.entries(bindings).filter(([, to]) => 'text' in to))

async function authorServer(site: Site): Promise<Plan> {
  const place = { ...site, folder: join(site.folder, AUTHOR_SERVER) }
  const server = await buildAuthorServer(place, {
    name: 'echo',
    tools: ['echo'],
    visibility: 'private',
  })
  return {
    id: AUTHOR_SERVER,
    service: async () => ({ name: 'echo', module: server.module, compatibilityDate }),
    exchange: async (port) =>
      firstOf(modernCalls(urlOf(port, '/mcp'), await internalHeaders(await devSecrets(), server))),
  }
}

const sdk: Plan = {
  id: 'sdk',
  service: async (place) => ({
    name: 'sdk',
    module: await bundleOwn('sdk', place),
    compatibilityDate,
  }),
  exchange: (port) => firstOf(modernCalls(urlOf(port, '/mcp'))),
}

function firstOf([first]: readonly Exchange[]): Exchange {
  if (!first) throw new Error('no exchange')
  return first
}
