/** The floor: what workerd, HTTP and JSON cost before anybody does anything. */
import { bundleOwn } from '../bundle.ts'
import { modernCalls } from '../calls.ts'
import type { WorkerService } from '../capnp.ts'
import { COMPATIBILITY_DATE, urlOf, type Site, type Target, type TargetPlan } from '../target.ts'

export const floorFixed: TargetPlan = {
  name: 'floor-fixed',
  rowIds: ['floor-fixed'],
  create: (site) => floor(site, 'floor-fixed', 'Floor: fixed JSON, body not read', ['"ok":true']),
}

export const floorJson: TargetPlan = {
  name: 'floor-json',
  rowIds: ['floor-json'],
  create: (site) => floor(site, 'floor-json', 'Floor: JSON.parse + JSON.stringify'),
}

/** What no platform of two Workers can be below, with the other one as a binding. */
export const floorHop: TargetPlan = {
  name: 'floor-hop',
  rowIds: ['floor-hop'],
  create: (site) => hop(site, 'floor-hop', 'Floor of two Workers: the same behind a fetch'),
}

/** The same, with the other one over HTTP. */
export const floorHopByUrl: TargetPlan = {
  name: 'floor-hop-url',
  rowIds: ['floor-hop-url'],
  create: (site) => hop(site, 'floor-hop-url', 'Floor of two Workers, by URL', true),
}

async function hop(site: Site, id: string, title: string, byUrl = false): Promise<Target> {
  const port = await site.freePort()
  const serverPort = await site.freePort()
  const service = async (name: string) => ({
    name,
    module: await bundleOwn(name, site),
    compatibilityDate: COMPATIBILITY_DATE,
  })
  const server = await service('floor-json')
  const { href } = urlOf(serverPort, '/mcp')
  const front: WorkerService = {
    ...(await service('floor-hop')),
    ...(byUrl
      ? { bindings: { SERVER_URL: { text: href } }, reachesLoopback: true }
      : { bindings: { SERVER: { service: server.name } } }),
  }
  const sockets = [{ service: front.name, port }]
  if (byUrl) sockets.push({ service: server.name, port: serverPort })
  return {
    deployment: { services: [front, server], sockets },
    rows: [{ id, title, port, exchanges: () => modernCalls(urlOf(port, '/mcp')) }],
  }
}

async function floor(
  site: Site,
  name: string,
  title: string,
  includes?: readonly string[],
): Promise<Target> {
  const port = await site.freePort()
  const module = await bundleOwn(name, site)
  const calls = modernCalls(urlOf(port, '/mcp'))
  return {
    deployment: {
      services: [{ name, module, compatibilityDate: COMPATIBILITY_DATE }],
      sockets: [{ service: name, port }],
    },
    rows: [
      {
        id: name,
        title,
        port,
        exchanges: () => (includes ? calls.map((call) => ({ ...call, includes })) : calls),
      },
    ],
  }
}
