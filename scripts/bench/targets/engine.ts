/** The engine alone: an author's server called as the router calls it, by nobody but the bench. */
import { buildAuthorServer } from '../author-servers.ts'
import { modernCalls } from '../calls.ts'
import { devSecrets } from '../../dev-secrets.ts'
import { internalHeaders } from '../credentials.ts'
import { COMPATIBILITY_DATE, urlOf, type TargetPlan } from '../target.ts'

const NAME = 'engine'

export const engine: TargetPlan = {
  name: NAME,
  rowIds: [NAME],
  async create(site) {
    const port = await site.freePort()
    const secrets = await devSecrets()
    const server = await buildAuthorServer(site, {
      name: 'echo',
      tools: ['echo'],
      visibility: 'private',
    })
    return {
      deployment: {
        services: [
          {
            name: 'echo',
            module: server.module,
            compatibilityDate: COMPATIBILITY_DATE,
            compatibilityFlags: ['enable_request_signal'],
          },
        ],
        sockets: [{ service: 'echo', port }],
      },
      rows: [
        {
          id: NAME,
          title: 'Engine alone, one Worker',
          port,
          // Anew each round: assertions end after five minutes, and verifying one is once in many calls.
          exchanges: async () =>
            modernCalls(urlOf(port, '/mcp'), await internalHeaders(secrets, server)),
        },
      ],
    }
  },
}
