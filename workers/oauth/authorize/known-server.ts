/** A server a token can be for, and the person who signs in to it. */
import type { Policy } from '#shared/catalog/entry-schema.ts'
import type { Identity } from '#shared/identity/principal.ts'

export interface KnownServer {
  readonly name: string
  readonly digest: string
  readonly view?: string | undefined
  readonly policy: Policy
}

/** Who asks, before there is a token: what the policy looks at. */
export interface Person extends Identity {
  readonly subject: string
  readonly tenant: string
}
