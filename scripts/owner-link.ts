/**
 * The owner link: signs in whoever holds it, where no OIDC provider is configured.
 * The oauth Worker is given only the token's hash and when it ends.
 */
import { createHash, randomBytes } from 'node:crypto'

/** 256 bits; the design asks for at least 128. */
const TOKEN_BYTES = 32

export interface OwnerLink {
  /** To be opened in a browser. */
  readonly url: string
  readonly token: string
  /** Value of the oauth Worker's variable OWNER_LINK. */
  readonly variable: string
}

/** @param issuer origin of the authorization server */
export function mintOwnerLink(issuer: string, lifetimeSeconds: number): OwnerLink {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const hash = createHash('sha256').update(token).digest('hex')
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + lifetimeSeconds
  return {
    url: `${issuer}/login/owner?token=${token}`,
    token,
    variable: `${hash}:${expiresAtSeconds}`,
  }
}
