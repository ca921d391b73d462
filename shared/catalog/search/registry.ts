/**
 * The read API of the official MCP Registry (OpenAPI document 2025-12-01, `/v0.1`):
 * public servers only, each in the one version that is live. Pure.
 *
 * Whose version is not live is not remembered under a version number here: two
 * deploys may carry the same one.
 */
export interface PublicServer {
  readonly name: string
  readonly title?: string | undefined
  readonly description: string
  readonly version: string
  readonly publishedMs: number
  readonly updatedMs: number
}

export interface RegistryAnswer {
  readonly status: 200 | 400 | 404
  readonly body: object
}

const SCHEMA = 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'
const OFFICIAL = 'io.modelcontextprotocol.registry/official'
/** The schema's own bounds. */
const WORDS_MAX_CHARS = 100
/** As the official registry pages. */
const PAGE_DEFAULT = 30
const PAGE_MAX = 100

/** @param path behind `/v0.1`; @param servers sorted by name */
export function answerRegistry(
  path: string,
  query: URLSearchParams,
  servers: readonly PublicServer[],
  publicOrigin: string,
): RegistryAnswer {
  const [, root, encoded, versions, version, ...more] = path.replace(/\/$/, '').split('/')
  if (root !== 'servers' || more.length > 0) return notFound('Not found')
  if (encoded === undefined) return list(query, servers, publicOrigin)
  const wanted = decode(encoded)
  const found = servers.find(({ name }) => registryName(publicOrigin, name) === wanted)
  if (!found || versions !== 'versions') return notFound('Server not found')
  const detail = detailOf(found, publicOrigin)
  if (version === undefined) return ok({ servers: [detail], metadata: { count: 1 } })
  const isLive = version === 'latest' || decode(version) === found.version
  return isLive ? ok(detail) : notFound('Server not found')
}

function list(
  query: URLSearchParams,
  servers: readonly PublicServer[],
  publicOrigin: string,
): RegistryAnswer {
  const limit = Number(query.get('limit') ?? PAGE_DEFAULT)
  if (!Number.isInteger(limit) || limit < 1) return bad('limit must be a positive integer')
  const since = query.get('updated_since')
  const sinceMs = since === null ? 0 : Date.parse(since)
  if (Number.isNaN(sinceMs)) return bad('updated_since must be a date and time (RFC 3339)')
  const search = query.get('search')?.toLowerCase() ?? ''
  const version = query.get('version') ?? 'latest'
  const fitting = servers.filter(
    (server) =>
      registryName(publicOrigin, server.name).toLowerCase().includes(search) &&
      server.updatedMs >= sinceMs &&
      (version === 'latest' || version === server.version),
  )
  // A cursor is the name it came after: servers that come and go move nobody else.
  const after = query.get('cursor') ?? ''
  const rest = fitting.filter(({ name }) => name > after)
  const page = rest.slice(0, Math.min(limit, PAGE_MAX))
  const last = page.at(-1)
  return ok({
    servers: page.map((server) => detailOf(server, publicOrigin)),
    metadata: {
      count: page.length,
      ...(last && rest.length > page.length ? { nextCursor: last.name } : {}),
    },
  })
}

/** Reverse-DNS of the platform's host, and the server's name: `com.example.mcp/notes`. */
export const registryName = (publicOrigin: string, server: string): string =>
  `${new URL(publicOrigin).hostname.split('.').reverse().join('.')}/${server}`

function detailOf(server: PublicServer, publicOrigin: string): object {
  const { name, title, description, version, publishedMs, updatedMs } = server
  return {
    server: {
      $schema: SCHEMA,
      name: registryName(publicOrigin, name),
      description: description.slice(0, WORDS_MAX_CHARS) || name,
      ...(title ? { title: title.slice(0, WORDS_MAX_CHARS) } : {}),
      version,
      remotes: [{ type: 'streamable-http', url: `${publicOrigin}/${name}/mcp` }],
    },
    _meta: {
      [OFFICIAL]: {
        status: 'active',
        publishedAt: new Date(publishedMs).toISOString(),
        updatedAt: new Date(updatedMs).toISOString(),
        isLatest: true,
      },
    },
  }
}

const ok = (body: object): RegistryAnswer => ({ status: 200, body })
const bad = (error: string): RegistryAnswer => ({ status: 400, body: { error } })
const notFound = (error: string): RegistryAnswer => ({ status: 404, body: { error } })

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
