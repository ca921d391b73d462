/**
 * CONNECTIONS, a secret of the objects Worker: the upstream services whose accounts
 * people may link, each with the client that is ours there, and the keys under which
 * people's tokens are kept. Absent or empty: there are none.
 */
import * as z from 'zod/mini'
import { deriveSealKeys, type SealKeys } from '../identity/seal.ts'
import { isServerName } from '../protocol/names.ts'
import { addressFault } from '../lib/public-address.ts'
import { PROVIDERS_MAX } from './connection-limits.ts'

const url = z.string().check(z.refine(isSafeUrl))
const providerSchema = z.strictObject({
  /** As people know it. */
  title: z.string().check(z.minLength(1), z.maxLength(60)),
  authorizationEndpoint: url,
  tokenEndpoint: url,
  revocationEndpoint: z.optional(url),
  /** What `iss` of its answers must say (RFC 9207), where it says one. */
  issuer: z.optional(url),
  clientId: z.string().check(z.minLength(1)),
  /** Absent: a public client there. */
  clientSecret: z.optional(z.string()),
  /** Default `basic` (RFC 6749 §2.3.1). */
  clientAuthentication: z.optional(z.enum(['basic', 'post'])),
  /** Space-separated. */
  scopes: z.optional(z.string()),
  /** Hosts its tokens are sent to, and no others; with the port where it is not 443. */
  hosts: z.array(z.string().check(z.regex(/^[a-z0-9.-]+(:\d+)?$/))).check(z.minLength(1)),
  /** Servers that may use it; absent: all. */
  servers: z.optional(z.array(z.string().check(z.refine(isServerName)))),
})
const configSchema = z.strictObject({
  /** As SEAL_SECRETS: `kid:base64url[,kid:base64url]`, current first. */
  secrets: z.string(),
  providers: z.record(z.string().check(z.regex(/^[a-z][a-z0-9-]{0,39}$/)), providerSchema),
})

export type Provider = z.infer<typeof providerSchema>

export interface ConnectionConfig {
  readonly providers: ReadonlyMap<string, Provider>
  keys(): Promise<SealKeys>
}

let read: { text: string; config: ConnectionConfig } | undefined

/** Read once per isolate. @throws TypeError when the text has another form; it names no secret */
export function connectionConfig(text = ''): ConnectionConfig {
  if (read?.text !== text) read = { text, config: parse(text) }
  return read.config
}

function parse(text: string): ConnectionConfig {
  if (text.trim() === '') {
    return { providers: new Map(), keys: () => Promise.reject(new TypeError('No CONNECTIONS')) }
  }
  const parsed = z.safeParse(configSchema, jsonOf(text))
  const providers = parsed.success ? Object.entries(parsed.data.providers) : []
  if (!parsed.success || providers.length > PROVIDERS_MAX) {
    // The value stays out of it: it holds client secrets.
    const where = parsed.error?.issues.map(({ path }) => path.join('.')).join(', ')
    throw new TypeError(`CONNECTIONS is not as docs/identity.md says${where ? `: ${where}` : ''}`)
  }
  const { secrets } = parsed.data
  let keys: Promise<SealKeys> | undefined
  return {
    providers: new Map(providers),
    keys: () => (keys ??= deriveSealKeys(secrets, 'connections')),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** https to a public host; this machine, in cleartext too, for development. */
export function isSafeUrl(text: string): boolean {
  return addressFault(text, { local: true }) === undefined
}
