/** Peers without state: the official SDK and the Agents SDK, one Worker each. */
import { bundleOwn } from '../bundle.ts'
import { modernCalls, modernLists } from '../calls.ts'
import type { Exchange } from '../request.ts'
import { COMPATIBILITY_DATE, urlOf, type Site, type Target, type TargetPlan } from '../target.ts'

export const sdk = plan('sdk', 'SDK v2 createMcpHandler', modernCalls)

export const sdkHundred = plan('sdk-hundred', 'SDK v2 createMcpHandler, list of 100 tools', (url) =>
  modernLists(url, 'echo-99'),
)

export const agents = plan('agents', 'agents createMcpHandler', modernCalls)

function plan(name: string, title: string, exchanges: (url: URL) => Exchange[]): TargetPlan {
  return { name, rowIds: [name], create: (site) => create(site, name, title, exchanges) }
}

async function create(
  site: Site,
  name: string,
  title: string,
  exchanges: (url: URL) => Exchange[],
): Promise<Target> {
  const port = await site.freePort()
  const prepared = exchanges(urlOf(port, '/mcp'))
  return {
    deployment: {
      services: [
        {
          name,
          module: await bundleOwn(name, site),
          compatibilityDate: COMPATIBILITY_DATE,
        },
      ],
      sockets: [{ service: name, port }],
    },
    rows: [{ id: name, title, port, exchanges: () => prepared }],
  }
}
