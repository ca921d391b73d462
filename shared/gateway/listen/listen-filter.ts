/**
 * What a listener is told of: what it asked for, as far as it may know of it. Asked
 * anew before each notification, because policy and definitions change meanwhile.
 */
import {
  LISTENERS_OF_STRANGERS_MAX,
  LISTENERS_PER_PRINCIPAL_MAX,
} from '../../contracts/hub-limits.ts'
import {
  audienceKey,
  LIST_KINDS,
  principalAudience,
  topicKeys,
  type ListKind,
} from '../../contracts/hub-topics.ts'
import { missingScopes } from '../../identity/scopes.ts'
import { permittedLists } from '../../catalog/permitted.ts'
import type { HubListener } from '../../contracts/entrypoints.ts'
import type { Caller } from '../authenticate/caller.ts'
import type { ServerRecord } from '../ports.ts'
import { fnv1a } from '../../lib/fnv1a.ts'
import { targetFor } from '../decide/target.ts'

export interface Filter {
  readonly lists: ReadonlySet<ListKind>
  /** URIs, exactly as asked for. A 2025-era session changes them while it listens. */
  resources: ReadonlySet<string>
  readonly tasks: ReadonlySet<string>
}

/** Whether the caller may read the resource: whoever may not is never told that it changed. */
export function mayFollow(server: ServerRecord, { principal }: Caller, uri: string): boolean {
  const target = targetFor(server, principal, 'resources/read', uri)
  return target !== undefined && missingScopes(target.scopes, principal.scopes).length === 0
}

/** Lists that this caller now sees otherwise. */
export function changedLists(
  before: ServerRecord,
  after: ServerRecord,
  { principal }: Caller,
): ListKind[] {
  const [{ lists: old }, { lists: now }] = [before, after].map(({ compiled, policy }) =>
    permittedLists(compiled, policy, principal),
  ) as [ReturnType<typeof permittedLists>, ReturnType<typeof permittedLists>]
  return LIST_KINDS.filter((kind) =>
    kind === 'resources'
      ? old.resources !== now.resources || old.resourceTemplates !== now.resourceTemplates
      : old[kind] !== now[kind],
  )
}

/** How the hub knows this listener. @param session id of a 2025-era session, which has one stream */
export async function listenerOf(
  server: string,
  { principal, grantId }: Caller,
  { lists, resources, tasks }: Filter,
  session?: string,
): Promise<Omit<HubListener, 'shard' | 'sent' | 'after'>> {
  const stranger = grantId === undefined
  const tenant = await audienceKey({ to: 'tenant', tenant: principal.tenant })
  const self = await audienceKey(principalAudience(principal))
  const topics = await Promise.all([
    topicKeys('catalog', ['']),
    ...[...lists].map((kind) => topicKeys(kind, [''])),
    topicKeys('resource', [...resources]),
    topicKeys('task', [...tasks]),
  ])
  const sessionTopic = session === undefined ? undefined : await topicKeys('session', [session])
  return {
    server,
    // Strangers are many people: each session, or each stream, finds a place of its own.
    place: fnv1a(stranger ? (sessionTopic ?? crypto.randomUUID()) : self),
    audiences: [tenant, self],
    most: stranger ? LISTENERS_OF_STRANGERS_MAX : LISTENERS_PER_PRINCIPAL_MAX,
    topics: topics.join(''),
    ...(sessionTopic === undefined ? {} : { session: sessionTopic }),
  }
}
