/** The floor: what workerd, HTTP and JSON cost before anybody does anything. */
import { bundleOwn } from '../bundle.ts'
import { modernCalls } from '../calls.ts'
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

const HOP = 'floor-hop'

/** What no platform of two Workers can be below. */
export const floorHop: TargetPlan = {
  name: HOP,
  rowIds: [HOP],
  async create(site) {
    const port = await site.freePort()
    const service = async (name: string) => ({
      name,
      module: await bundleOwn(name, site),
      compatibilityDate: COMPATIBILITY_DATE,
    })
    const server = await service('floor-json')
    const hop = { ...(await service(HOP)), bindings: { SERVER: { service: server.name } } }
    return {
      deployment: { services: [hop, server], sockets: [{ service: HOP, port }] },
      rows: [
        {
          id: HOP,
          title: 'Floor of two Workers: the same behind a fetch',
          port,
          exchanges: () => modernCalls(urlOf(port, '/mcp')),
        },
      ],
    }
  },
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
