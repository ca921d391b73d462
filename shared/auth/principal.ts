/**
 * The verified caller, the same shape whichever way it came in (OAuth token,
 * and later API key or a trusted issuer's JWT). Servers receive it inside the
 * principal assertion (`shared/wire.ts`), never the caller's own token.
 */
export interface Principal {
  /** Opaque, stable user id within the tenant; `anonymous` for a stranger on a public server. */
  readonly subject: string
  /** From a configured IdP claim; `default` unless configured. Part of every storage key. */
  readonly tenant: string
  /** The OAuth client, or a digest of its id where that is a whole sealed registration. */
  readonly clientId: string
  readonly scopes: readonly string[]
  /** RFC 7638 thumbprint of the key the token is bound to (RFC 9449), when it is. */
  readonly jkt?: string
  /** Further identity claims mapped from the IdP, for a tool's own decisions. */
  readonly claims?: Readonly<Record<string, string>>
}

/** A caller of a public server who presented no token at all (DESIGN §4.8). */
export const ANONYMOUS: Principal = Object.freeze({
  subject: 'anonymous',
  tenant: 'default',
  clientId: 'anonymous',
  scopes: Object.freeze([]),
})

/** The router itself, describing a server. No tool accepts it. */
export const PLATFORM_PRINCIPAL: Principal = Object.freeze({
  subject: 'platform',
  tenant: 'platform',
  clientId: 'platform',
  scopes: Object.freeze([]),
})

export const isPlatform = (principal: Principal): boolean => principal.tenant === 'platform'
