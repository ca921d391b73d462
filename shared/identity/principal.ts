/**
 * The verified caller, the same shape whichever way it came in (OAuth token,
 * API key or a trusted issuer's JWT). Servers receive it inside the
 * principal assertion (`shared/contracts/inner-wire.ts`), never the caller's own token.
 */
/** A claim of the IdP that an operator mapped; objects are not. */
export type ClaimValue = string | number | boolean | readonly string[]

/** What the IdP says of a person beyond who they are, as of their sign-in (identity.ts). */
export interface Identity {
  /** The issuer of TRUSTED_ISSUERS that vouches for the caller; absent: the platform itself does. */
  readonly issuer?: string
  /**
   * Full names (foreign-name.ts) of the groups that count here, sorted; absent: none.
   * A name is one of the caller's tenant: the same name in another tenant is another group.
   */
  readonly groups?: readonly string[]
  /** For a tool's own decisions, by the names the operator gave them. */
  readonly claims?: Readonly<Record<string, ClaimValue>>
}

export interface Principal extends Identity {
  /** Opaque, stable user id within the tenant; `anonymous` for a stranger on a public server. */
  readonly subject: string
  /** From a configured IdP claim; `default` unless configured. Part of every storage key. */
  readonly tenant: string
  /**
   * Full name (foreign-name.ts) of the OAuth client, or a digest of it where that is a
   * whole sealed registration.
   */
  readonly clientId: string
  readonly scopes: readonly string[]
  /** RFC 7638 thumbprint of the key the token is bound to (RFC 9449), when it is. */
  readonly jkt?: string
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

/** The part of a principal, person or token that the IdP said. */
export const identityOf = ({ issuer, groups, claims }: Identity): Identity => ({
  ...(issuer === undefined ? {} : { issuer }),
  ...(groups ? { groups } : {}),
  ...(claims ? { claims } : {}),
})
