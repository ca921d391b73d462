/**
 * TRUSTED_ISSUERS: issuers beside our own whose access tokens count (PROTOCOL §4);
 * none unless configured. Their keys are fetched by remote-jwks.ts, their tokens
 * judged by shared/identity/trusted-token.ts.
 */
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as z from 'zod/mini'
import type { AccessTokenFailure, VerifiedToken } from '#shared/identity/access-token.ts'
import { ISSUER_MAX_CHARS } from '#shared/identity/identity-limits.ts'
import { isTenant, parseClaimNames } from '#shared/identity/identity.ts'
import { verifyTrustedToken, type TrustedIssuer } from '#shared/identity/trusted-token.ts'
import { ACCESS_TOKEN_MAX_SECONDS } from '#shared/catalog/limits.ts'
import type { Lifetime } from '#shared/lib/lifetime.ts'
import { CATALOG_NAME, isServerName } from '#shared/protocol/names.ts'
import { fail, type Result } from '#shared/lib/result.ts'
import { TRUSTED_ISSUERS_MAX, TRUSTED_LIFETIME_SECONDS } from '../limits.ts'
import { createRemoteKeys, isFetchable, type RemoteKeys } from './remote-jwks.ts'
import { resourceOf } from '../authorize/resource.ts'

/** Asymmetric, all of them: a shared secret proves nothing to a third party. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const
const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as const

const texts = z.optional(z.array(z.string()))
const entrySchema = z.strictObject({
  issuer: z.string().check(z.maxLength(ISSUER_MAX_CHARS)),
  /** Default: what the issuer's discovery document says. */
  jwksUri: z.optional(z.string()),
  algorithms: z.optional(z.array(z.enum(ALGORITHMS))),
  types: texts,
  maxLifetimeSeconds: z.optional(z.int().check(z.positive(), z.maximum(ACCESS_TOKEN_MAX_SECONDS))),
  servers: z.optional(z.array(z.string().check(z.refine(isServerName)))),
  /** Its tokens count at the catalog too; absent: at servers alone, whatever `servers` says. */
  catalog: z.optional(z.boolean()),
  scopeClaim: z.optional(z.string()),
  tenant: z.optional(z.string().check(z.refine(isTenant))),
  tenantClaim: z.optional(z.string()),
  /** Which of them it may speak for; absent = all. */
  tenants: z.optional(z.array(z.string().check(z.refine(isTenant)))),
  groupsClaim: z.optional(z.string()),
  groups: texts,
  /** As OIDC_CLAIMS. */
  claims: z.optional(z.string()),
})
const configSchema = z.array(entrySchema).check(z.maxLength(TRUSTED_ISSUERS_MAX))

export interface TrustedIssuers {
  /** Byte for byte as their tokens carry them. */
  readonly names: readonly string[]
  verify(
    token: string,
    server: string,
    lifetime: Lifetime,
  ): Promise<Result<VerifiedToken, TrustedFailure>>
}

/** `unavailable`: the issuer's keys were never had, or not for a day. */
export type TrustedFailure = AccessTokenFailure | { reason: 'unavailable' }

/** @throws TypeError when the configured text has another form */
export function createTrustedIssuers(
  text: string,
  own: { readonly issuer: string; readonly publicOrigin: string },
): TrustedIssuers {
  const issuers = new Map<string, Trusted>()
  for (const entry of parse(text)) {
    const { issuer, jwksUri } = entry
    const isUsable = isIssuer(issuer) && (jwksUri === undefined || isFetchable(jwksUri))
    if (!isUsable || issuer === own.issuer || issuers.has(issuer)) {
      throw new TypeError(
        `TRUSTED_ISSUERS: ${issuer} must be an https URL without query and fragment, ` +
          'another than ours, once',
      )
    }
    issuers.set(issuer, {
      rules: rulesOf(entry),
      keys: createRemoteKeys(issuer, jwksUri),
      reachesCatalog: entry.catalog === true,
    })
  }
  return {
    names: [...issuers.keys()],
    async verify(token, server, lifetime) {
      const said = unverified(token)
      const known = issuers.get(said.issuer)
      if (!known) return fail({ reason: 'wrong_issuer' })
      const { rules, keys } = known
      if (!mayBeFor(known, server)) return fail({ reason: 'wrong_audience' })
      const jwks = await keys.for(said.kid, lifetime)
      if (!jwks) return fail({ reason: 'unavailable' })
      const nowSeconds = Math.floor(Date.now() / 1000)
      const resource = resourceOf(own.publicOrigin, server)
      return verifyTrustedToken(token, rules, resource, jwks, nowSeconds)
    },
  }
}

interface Trusted {
  readonly rules: TrustedIssuer
  readonly keys: RemoteKeys
  readonly reachesCatalog: boolean
}

/** The catalog is no server: an entry that names no servers means all of them, and not the catalog. */
const mayBeFor = ({ rules, reachesCatalog }: Trusted, resource: string): boolean =>
  resource === CATALOG_NAME ? reachesCatalog : rules.servers?.includes(resource) !== false

/**
 * An https URL without query and fragment (OpenID Connect Discovery §3), so that no issuer's
 * name ends like another's; `|`, which no URL has (RFC 3986), stands in digests of subjects.
 */
const isIssuer = (text: string): boolean => isFetchable(text) && !/[?#|\s]/.test(text)

function parse(text: string): z.infer<typeof configSchema> {
  if (text.trim() === '') return []
  try {
    return configSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new TypeError(
      `TRUSTED_ISSUERS must be a JSON array of issuers: ${(error as Error).message}`,
    )
  }
}

function rulesOf(entry: z.infer<typeof entrySchema>): TrustedIssuer {
  const { issuer, servers, tenant, tenants } = entry
  return {
    issuer,
    algorithms: entry.algorithms ?? DEFAULT_ALGORITHMS,
    types: (entry.types ?? ['at+jwt']).map((type) => type.toLowerCase()),
    maxLifetimeSeconds: entry.maxLifetimeSeconds ?? TRUSTED_LIFETIME_SECONDS,
    ...(servers ? { servers } : {}),
    scopeClaim: entry.scopeClaim ?? 'scope',
    ...(tenant === undefined ? {} : { tenant }),
    ...(tenants ? { tenants } : {}),
    mapping: {
      issuer,
      tenantClaim: tenant === undefined ? (entry.tenantClaim ?? '') : '',
      groupsClaim: entry.groupsClaim ?? '',
      groupPatterns: entry.groups ?? [],
      claims: parseClaimNames('TRUSTED_ISSUERS claims', entry.claims ?? ''),
    },
  }
}

/** To find the keys to verify with; nothing of it is believed before. */
function unverified(token: string): { issuer: string; kid: string | undefined } {
  try {
    return { issuer: decodeJwt(token).iss ?? '', kid: decodeProtectedHeader(token).kid }
  } catch {
    return { issuer: '', kid: undefined }
  }
}
