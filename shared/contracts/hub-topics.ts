/**
 * What a server's listeners can be told, and who of them: an event belongs to one
 * topic and one audience. Hubs compare keys (digests of fixed length) and never
 * read a frame; the router that holds a stream checks the frame once more.
 */
import { toBase64Url } from '../lib/base64url.ts'
import type { Principal } from '../identity/principal.ts'
import type { JsonObject } from '../protocol/jsonrpc.ts'

/** Lists a client can be told of; also their topics. */
export const LIST_KINDS = ['tools', 'prompts', 'resources'] as const
export type ListKind = (typeof LIST_KINDS)[number]

/** What a hub hands to a router, as JSON text. */
export type HubFrame =
  /** An author says that a list changed. */
  | { readonly kind: ListKind }
  | { readonly kind: 'resource'; readonly uri: string }
  /** `task`: params of `notifications/tasks`. */
  | { readonly kind: 'task'; readonly taskId: string; readonly task: JsonObject }
  /** The catalog now shows something else of this server: whoever listens compares. */
  | { readonly kind: 'catalog' }
  /** Resources a 2025-era session follows from now on. */
  | { readonly kind: 'session'; readonly revision: number; readonly uris: readonly string[] }

/** Whom an event is for. `principal` knows strangers as one. */
export type Audience =
  | { readonly to: 'everyone' }
  | { readonly to: 'tenant'; readonly tenant: string }
  | { readonly to: 'principal'; readonly tenant: string; readonly subject: string }

export const EVERYONE: Audience = { to: 'everyone' }

export const principalAudience = ({
  tenant,
  subject,
}: Pick<Principal, 'tenant' | 'subject'>): Audience => ({ to: 'principal', tenant, subject })

/** 96 bits: nobody finds a second text of one key, and a hundred fit into an attachment. */
export const KEY_CHARS = 16
const KEY_BYTES = 12

const encoder = new TextEncoder()

async function keyOf(parts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(JSON.stringify(parts)))
  return toBase64Url(new Uint8Array(digest, 0, KEY_BYTES))
}

/** @param name a URI, a task id, a session id; lists and the catalog have none */
export const topicKey = (kind: HubFrame['kind'], name = ''): Promise<string> =>
  keyOf(['topic', kind, name])

/** `''` is everyone. */
export async function audienceKey(audience: Audience): Promise<string> {
  switch (audience.to) {
    case 'everyone':
      return ''
    case 'tenant':
      return keyOf(['tenant', audience.tenant])
    case 'principal':
      return keyOf(['principal', audience.tenant, audience.subject])
  }
}

/** Keys of a fixed length need no separator. */
export async function topicKeys(kind: HubFrame['kind'], names: readonly string[]): Promise<string> {
  return (await Promise.all(names.map((name) => topicKey(kind, name)))).join('')
}
