/**
 * `Mcp-Session-Id` of the 2025 era: a sealed capability (DESIGN §4.2). All the
 * session is stands in the id, so a session that lists and calls is stored
 * nowhere, any isolate serves it, and no deploy ends it.
 *
 * Does NOT authenticate: the token did. An id counts only beside the same owner
 * and server; client, grant and token may change under it.
 */
import { toBase64Url } from '../../lib/base64url.ts'
import type { Principal } from '../../identity/principal.ts'
import { open, seal, type SealKeys } from '../../identity/seal.ts'
import { createLruCache } from '../../lib/lru-cache.ts'
import type { LogLevel } from '../../protocol/revisions/2026-07-28/envelope.ts'
import { isLegacyVersion, type LegacyVersion } from '../../protocol/versions.ts'
import { randomId } from '../../lib/random-id.ts'
import type { ClientFlags } from './capabilities.ts'
import {
  CLIENT_NAME_MAX_CHARS,
  CLIENT_VERSION_MAX_CHARS,
  SESSION_CLOCK_SKEW_SECONDS,
  SESSION_ID_MAX_CHARS,
  SESSION_LIFETIME_SECONDS,
  SESSION_OWNER_MAX_CHARS,
  UNSEALED_CACHE_ENTRIES,
} from './limits.ts'

const PURPOSE = 'mcp-session'

export interface ClientInfo {
  readonly name: string
  readonly version: string
}

export interface LegacySession {
  /** Random, 128 bits: names the tombstone and the Session object. */
  readonly id: string
  readonly version: LegacyVersion
  readonly flags: ClientFlags
  /** Self-reported and shortened: for logs and courtesy, never for a decision. */
  readonly client: ClientInfo
  /** Set by `logging/setLevel`; absent before. */
  readonly logLevel?: LogLevel
  readonly expiresAtSeconds: number
}

/** The sealed form; short keys, because the id travels with every request. */
interface Sealed {
  i: string
  /** Owner: tenant and subject, or their digest. */
  o: string
  s: string
  v: string
  f: string
  c: [name: string, version: string]
  /** Log level, once it was set. */
  l?: LogLevel
  /** Issued at, seconds since the epoch. */
  a: number
}

/** What the feed is asked about a session: its id and when it was opened. */
export const openingOf = ({ id, expiresAtSeconds }: LegacySession) => ({
  id,
  openedAtSeconds: expiresAtSeconds - SESSION_LIFETIME_SECONDS,
})

export interface SessionOwner {
  readonly principal: Principal
  readonly server: string
}

/** Makes a new session. Nothing is stored. */
export async function mintSessionId(
  keys: SealKeys,
  { principal, server }: SessionOwner,
  client: { version: LegacyVersion; flags: ClientFlags; info: ClientInfo },
  nowSeconds: number,
): Promise<string> {
  const sealed: Sealed = {
    i: randomId(),
    o: await ownerOf(principal),
    s: server,
    v: client.version,
    f: client.flags,
    c: [
      shorten(client.info.name, CLIENT_NAME_MAX_CHARS),
      shorten(client.info.version, CLIENT_VERSION_MAX_CHARS),
    ],
    a: nowSeconds,
  }
  return seal(keys, PURPOSE, sealed)
}

/**
 * The same session with another log level: what stands in an id changes only with
 * the id. The older one goes on to name the session, with the level it was made with.
 */
export async function withLogLevel(
  keys: SealKeys,
  { principal, server }: SessionOwner,
  { id, version, flags, client, expiresAtSeconds }: LegacySession,
  level: LogLevel,
): Promise<string> {
  const sealed: Sealed = {
    i: id,
    o: await ownerOf(principal),
    s: server,
    v: version,
    f: flags,
    c: [client.name, client.version],
    l: level,
    a: expiresAtSeconds - SESSION_LIFETIME_SECONDS,
  }
  return seal(keys, PURPOSE, sealed)
}

/**
 * @returns `undefined` for every id that does not count here: forged, of another
 *   owner or server, expired. Whether it was deleted is the caller's to ask.
 */
export async function openSessionId(
  keys: SealKeys,
  text: string,
  { principal, server }: SessionOwner,
  nowSeconds: number,
): Promise<LegacySession | undefined> {
  if (text.length > SESSION_ID_MAX_CHARS) return undefined
  const sealed = await unseal(keys, text)
  if (!sealed) return undefined
  const { i, o, s, v, f, c, l, a } = sealed
  const expiresAtSeconds = a + SESSION_LIFETIME_SECONDS
  if (nowSeconds >= expiresAtSeconds || a > nowSeconds + SESSION_CLOCK_SKEW_SECONDS) {
    return undefined
  }
  if (s !== server || o !== (await ownerOf(principal)) || !isLegacyVersion(v)) return undefined
  return {
    id: i,
    version: v,
    flags: f,
    client: { name: c[0], version: c[1] },
    ...(l === undefined ? {} : { logLevel: l }),
    expiresAtSeconds,
  }
}

/**
 * What an id holds, remembered per isolate: a client sends its id with every
 * request. Owner, server, expiry and deletion are asked anew each time.
 */
async function unseal(keys: SealKeys, text: string): Promise<Sealed | undefined> {
  const known = unsealed.get(text)
  if (known?.keys === keys) return known.sealed
  const opened = await open<Sealed>(keys, PURPOSE, text)
  if (!opened.ok) return undefined
  unsealed.set(text, { keys, sealed: opened.value })
  return opened.value
}

const unsealed = createLruCache<{ keys: SealKeys; sealed: Sealed }>(UNSEALED_CACHE_ENTRIES)

/** Unambiguous (JSON), and bounded whatever an identity provider calls its users. */
async function ownerOf({ tenant, subject }: Principal): Promise<string> {
  const plain = JSON.stringify([tenant, subject])
  if (plain.length <= SESSION_OWNER_MAX_CHARS && PLAIN.test(plain)) return plain
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(plain))
  return toBase64Url(new Uint8Array(digest))
}

/** Printable ASCII that JSON writes as it is: what is counted is what is sealed. */
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/

const shorten = (text: string, maxChars: number): string =>
  text.slice(0, maxChars).replace(/[^\x20-\x7e]|["\\]/g, '?')
