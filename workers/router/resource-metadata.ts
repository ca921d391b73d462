/**
 * Protected resource metadata (RFC 9728). To a stranger every well-formed name
 * answers alike, so a private server's scopes are not listed here: the consent
 * page offers them, and a 403 names what a call needs.
 */
import { resourceOf } from './match.ts'

export interface ResourceMetadata {
  resource: string
  authorization_servers: string[]
  bearer_methods_supported: ['header']
  scopes_supported?: string[]
}

/** @param publicScopes union of the tools' scopes of a public server, else `undefined` */
export function resourceMetadata(
  publicOrigin: string,
  issuer: string,
  server: string,
  publicScopes: readonly string[] | undefined,
): ResourceMetadata {
  return {
    resource: resourceOf(publicOrigin, server),
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    ...(publicScopes && publicScopes.length > 0 ? { scopes_supported: [...publicScopes] } : {}),
  }
}
