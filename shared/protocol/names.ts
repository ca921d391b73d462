/** Names of servers and tools (DESIGN §5), checked in the same way by generator, router and catalog. */

const SERVER_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const SERVER_NAME_MAX_CHARS = 40

/** claude.ai drops a server's whole toolset when one tool has another name. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/

/**
 * First path segments the platform keeps for itself, now or later; the names of its own
 * Workers, which a server of that name would overwrite; and the one name of this form
 * that every object has as a property, so that an index can be a plain object.
 */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(
  (
    'mcp sse oauth authorize token register revoke introspect callback jwks login account admin ' +
    'catalog metrics health v0 v1 assets static router gateway durable-objects ' +
    'mcp-edge-router mcp-edge-oauth mcp-edge-objects constructor'
  ).split(' '),
)

/** The one resource beside the servers: search and administration of the catalog. */
export const CATALOG_NAME = 'catalog'

/** Path of the URI that names a server, or the catalog, as a resource (RFC 8707). */
export const resourcePathOf = (name: string): string =>
  name === CATALOG_NAME ? `/${name}` : `/${name}/mcp`

export function isServerName(name: string): boolean {
  return name.length <= SERVER_NAME_MAX_CHARS && SERVER_NAME.test(name) && !RESERVED_NAMES.has(name)
}

export function isToolName(name: string): boolean {
  return TOOL_NAME.test(name)
}
