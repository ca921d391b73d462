/**
 * Typed entrypoints between Workers. No Worker imports another Worker, not even
 * a type (two ambient `Env`s do not fit one program): they meet here, and the
 * one cast per binding is in this file.
 */
import type { Feed } from './feed.ts'
import { hubObjectName, type Hub, type Subscriptions } from './hub.ts'
import {
  connectionObjectName,
  type ApiKeys,
  type ConnectionOwner,
  type Connections,
  type GrantStore,
  type OAuth,
  type Replay,
} from './identity.ts'
import { twice } from './object-failure.ts'
import type { Directory } from './directory.ts'
import type { Attachment, Platform, Run, State } from './services.ts'
import type { Session } from './sessions.ts'
import type { Task } from './tasks.ts'

export type { Announcement, Feed, FeedState } from './feed.ts'
export * from './hub.ts'
export * from './directory.ts'
export * from './identity.ts'
export * from './services.ts'
export * from './sessions.ts'

export type Rpc<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Answer
    ? (...args: Args) => Promise<Awaited<Answer>>
    : never
}

// ── the one cast per binding ──────────────────────────────────────────────────

/**
 * A stub of the one object or the named object behind a Durable Object binding.
 *
 * @param repeatable methods that read, or say the same again: a call of one that meets an object
 *   which is moving is sent a second time, to a new stub (see object-failure.ts)
 */
export function stubOf<Methods>(
  namespace: DurableObjectNamespace,
  name: string,
  repeatable: readonly (keyof Methods & string)[] = [],
) {
  type Stub = Rpc<Methods> & Pick<Fetcher, 'fetch'>
  type Call = (...args: unknown[]) => Promise<unknown>
  const stub = (): unknown => namespace.getByName(name)
  if (repeatable.length === 0) return stub() as Stub
  const isRepeatable: ReadonlySet<string> = new Set(repeatable)
  return new Proxy({} as Stub, {
    get(_, method) {
      if (typeof method !== 'string' || method === 'then') return undefined
      const once: Call = (...args) => ((stub() as Record<string, Call>)[method] as Call)(...args)
      return isRepeatable.has(method) ? (...args: unknown[]) => twice(() => once(...args)) : once
    },
  })
}

export const feedOf = (binding: DurableObjectNamespace) =>
  stubOf<Feed>(binding, 'feed', ['announceCatalog', 'revokeGrant', 'deleteSession'])
export const sessionOf = (binding: DurableObjectNamespace, name: string) =>
  stubOf<Session>(binding, name)
export const hubOf = (binding: DurableObjectNamespace, server: string, shard: number) =>
  stubOf<Hub>(binding, hubObjectName(server, shard))
/** Hubs by server and shard. */
export type Hubs = (server: string, shard: number) => Rpc<Hub> & Pick<Fetcher, 'fetch'>
export const hubsOf =
  (binding: DurableObjectNamespace): Hubs =>
  (server, shard) =>
    hubOf(binding, server, shard)
export const subscriptionsOf = (binding: DurableObjectNamespace, name: string) =>
  stubOf<Subscriptions>(binding, name)
/** @param shard its name, or the id of an object whose name is not known */
export const grantStoreOf = (binding: DurableObjectNamespace, shard: string | DurableObjectId) =>
  typeof shard === 'string'
    ? stubOf<GrantStore>(binding, shard, ['get', 'list', 'backUp', 'restore'])
    : (binding.get(shard) as unknown as Rpc<GrantStore>)
export const apiKeysOf = (binding: DurableObjectNamespace) =>
  stubOf<ApiKeys>(binding, 'api-keys', ['verify', 'list', 'revoke', 'backUp', 'restore'])
export const connectionOf = (binding: DurableObjectNamespace, owner: ConnectionOwner) =>
  stubOf<Connections>(binding, connectionObjectName(owner), [
    'services',
    'status',
    'token',
    'backUp',
    'restore',
  ])
export const directoryOf = (binding: DurableObjectNamespace) =>
  stubOf<Directory>(binding, 'directory', ['add', 'remove', 'page'])
export const replayOf = (binding: DurableObjectNamespace, jkt: string) =>
  stubOf<Replay>(binding, jkt)
export const runOf = (binding: DurableObjectNamespace, name: string) => stubOf<Run>(binding, name)
export const stateOf = (binding: DurableObjectNamespace, name: string) =>
  stubOf<State>(binding, name)
export const attachmentOf = (binding: DurableObjectNamespace, name: string) =>
  stubOf<Attachment>(binding, name)
export const platformOf = (binding: Fetcher) => binding as unknown as Rpc<Platform>
export const oauthOf = (binding: Fetcher) =>
  binding as unknown as Rpc<OAuth> & Pick<Fetcher, 'fetch'>
export const taskOf = (binding: DurableObjectNamespace, name: string) => stubOf<Task>(binding, name)
