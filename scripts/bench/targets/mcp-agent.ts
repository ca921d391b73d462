/** Peer of a 2025-11-25 session: McpAgent, one Durable Object per session, no authorization. */
import { join } from 'node:path'
import { writeIfChanged } from '../../gen/write-if-changed.ts'
import { bundleWithWrangler } from '../bundle.ts'
import { legacyCalls, openSession } from '../calls.ts'
import type { Exchange } from '../request.ts'
import { COMPATIBILITY_DATE, urlOf, type Site, type TargetPlan } from '../target.ts'

const NAME = 'mcp-agent'
const CLASS = 'EchoAgent'

export const mcpAgent: TargetPlan = {
  name: NAME,
  rowIds: [NAME],
  async create(site) {
    const port = await site.freePort()
    const url = urlOf(port, '/mcp')
    let exchanges: Promise<Exchange[]> | undefined
    return {
      deployment: {
        services: [
          {
            name: NAME,
            module: await bundle(site),
            compatibilityDate: COMPATIBILITY_DATE,
            classes: [CLASS],
            bindings: { AGENT: { object: CLASS } },
          },
        ],
        sockets: [{ service: NAME, port }],
      },
      rows: [
        {
          id: NAME,
          title: 'McpAgent (Durable Object), 2025-11-25 session',
          port,
          exchanges: () =>
            (exchanges ??= openSession(url).then((session) => legacyCalls(url, session))),
        },
      ],
    }
  },
}

/** By wrangler: of its dependencies some need Node's modules, which wrangler's own plugins provide. */
function bundle(site: Site): Promise<string> {
  const config = join(site.folder, 'wrangler.json')
  const workers = join(import.meta.dirname, '..', 'workers')
  const settings = {
    name: NAME,
    main: join(workers, `${NAME}.ts`),
    compatibility_date: COMPATIBILITY_DATE,
    // The Agents SDK imports it for mail, which nothing here sends; bare workerd has no such module.
    alias: { 'cloudflare:email': join(workers, 'no-email.ts') },
    durable_objects: { bindings: [{ name: 'AGENT', class_name: CLASS }] },
    migrations: [{ tag: 'v1', new_sqlite_classes: [CLASS] }],
  }
  writeIfChanged(config, JSON.stringify(settings))
  return bundleWithWrangler(config, NAME, site)
}
