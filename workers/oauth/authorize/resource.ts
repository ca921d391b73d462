/** The URIs of servers and of the catalog as resources, and the ways clients write them (RFC 8707; DESIGN §5). */
import { CATALOG_NAME, isServerName, resourcePathOf } from '#shared/protocol/names.ts'

const PATH = /^\/([^/]+)(?:\/mcp)?\/?$/

export const resourceOf = (publicOrigin: string, server: string): string =>
  publicOrigin + resourcePathOf(server)

/** The server a resource indicator means: any spelling of its URL that the router serves. */
export function serverNameOf(publicOrigin: string, resource: string): string | undefined {
  const url = URL.parse(resource)
  if (!url || url.origin !== publicOrigin || url.hash || url.username || url.password) {
    return undefined
  }
  const name = PATH.exec(url.pathname)?.[1]
  if (name === CATALOG_NAME) return name
  return name !== undefined && isServerName(name) ? name : undefined
}
