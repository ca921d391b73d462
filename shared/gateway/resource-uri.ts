/** A server as a protected resource: its URI, and where its metadata stands (RFC 8707, RFC 9728 §3). */
import { resourcePathOf } from '../protocol/names.ts'

export const RESOURCE_METADATA = '/.well-known/oauth-protected-resource'

/** The one canonical URI of a server's MCP endpoint: token audience and PRM `resource` (RFC 8707). */
export const resourceOf = (publicOrigin: string, server: string): string =>
  publicOrigin + resourcePathOf(server)

export const resourceMetadataUrlOf = (publicOrigin: string, server: string): string =>
  publicOrigin + RESOURCE_METADATA + resourcePathOf(server)
