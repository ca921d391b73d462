/**
 * A stored grant, as far as anything of ours reads it: the library's own fields
 * (storage-schema of 1.2), and the family of refresh tokens it began (rotation.ts).
 * What the library seals (person, key binding) stays sealed.
 */
import { isLoopbackRedirect } from '../authorize/redirect-policy.ts'
import type { Family } from './rotation.ts'
import { serverNameOf } from '../authorize/resource.ts'

export interface GrantRecord {
  readonly id: string
  readonly clientId: string
  readonly userId: string
  readonly scope: readonly string[]
  readonly metadata?: { readonly clientName?: string } | null
  readonly createdAt: number
  readonly expiresAt?: number
  readonly resource?: string
  readonly redirectUri?: string
  /** Gone once the code was redeemed. */
  readonly authCodeWrappedKey?: string
  /** Absent until the code was redeemed. */
  readonly family?: Family
}

/** Where a client said it lives: by its document, or else by where its answers go. */
export type ClientKind =
  | { readonly kind: 'published'; readonly host: string }
  | { readonly kind: 'web'; readonly host: string }
  | { readonly kind: 'computer' }
  | { readonly kind: 'app'; readonly scheme: string }

/** Beside each row, so that a list of them reads no row. */
export interface GrantSummary {
  /** In the app's own words; absent where it gave no name. */
  readonly clientName?: string
  readonly client: ClientKind
  readonly server: string
  readonly scopes: readonly string[]
  readonly createdAtSeconds: number
  /** To the hour; `undefined` until the code was redeemed. */
  readonly usedAtSeconds?: number
}

/** `grant:user:id`. */
export const grantKeyOf = (userId: string, grantId: string): string => `grant:${userId}:${grantId}`

export function summaryOf(grant: GrantRecord, publicOrigin: string): GrantSummary {
  const { clientId, redirectUri = '', metadata, resource, scope, createdAt, family } = grant
  // Grants of before had the client id in place of a name.
  const name = metadata?.clientName
  return {
    ...(name === undefined || name === clientId ? {} : { clientName: name }),
    client: kindOf(clientId, redirectUri),
    server: serverNameOf(publicOrigin, String(resource)) ?? String(resource),
    scopes: scope,
    createdAtSeconds: createdAt,
    ...(family ? { usedAtSeconds: family.usedAtSeconds } : {}),
  }
}

function kindOf(clientId: string, redirectUri: string): ClientKind {
  const document = clientId.startsWith('https://') ? URL.parse(clientId) : null
  if (document) return { kind: 'published', host: document.hostname }
  const url = URL.parse(redirectUri)
  if (!url || isLoopbackRedirect(redirectUri)) return { kind: 'computer' }
  const isWeb = url.protocol === 'https:'
  return isWeb ? { kind: 'web', host: url.hostname } : { kind: 'app', scheme: url.protocol }
}
