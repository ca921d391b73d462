/**
 * One Worker that owns every object class of the platform. An object exists only
 * when something must be remembered, and only bound Workers reach it.
 *
 * | class            | name              | remembers                                  | deletes itself |
 * |------------------|-------------------|--------------------------------------------|----------------|
 * | CatalogObject    | `catalog`         | revisions, live pointers, policies, the key that signs indexes | never; superseded indexes after 2 min, revisions beyond 50 a server |
 * | FeedObject       | `feed`            | number and signature of the catalog, revocations, tombstones | each row when what it forbids ran out; all, if nothing was ever published |
 * | GrantStoreObject | a shard of oauth  | grants, codes, tokens (hashed), grants that were ended | each row at its expiry; all, a minute after the last row went |
 * | SessionObject    | tenant, subject, session id | open questions of a 2025 client, events of streams it lost, calls it cancelled | each run after its answer, or an hour unanswered; all, with the last run |
 * | ReplayObject     | thumbprint of a proof key | proofs used in the last 10 min        | each row after that; all, with the last row |
 * | HubObject        | server, shard     | who listens, the latest event of each topic | a minute after its last listener left |
 * | SubscriptionsObject | tenant, subject, session id | resources a 2025 session follows | with the last of them, the session's end or its expiry |
 * | ApiKeysObject    | `api-keys`        | API keys (hashed), their rights             | never; each key a month after it ended |
 * | ConnectionObject | tenant, subject, service | a person's account at an upstream service (sealed) | half a year after its last use; when unlinked, it remembers that alone |
 * | DirectoryObject  | `directory`       | names of the objects that are backed up one by one | each row with its object |
 * | RunObject        | tenant, subject, server, run id | the round that claimed a run, results of its steps | an hour after the last claim or step; of tasks, eight days |
 * | StateObject      | tenant, subject, server, handle | what a server keeps behind a handle   | a week after its last use |
 * | UsageObject      | server            | calls, errors, latencies of each revision by the minute | each row after a week; all, with the last row |
 * | TaskObject       | tenant, subject, server, task id | one task: arguments, open questions, its result | `ttlMs` after its start, 7 days at most |
 * | AttachmentObject | tenant, subject, server, attachment id | when a body in R2 ends                | with the body, after a day |
 *
 * Entrypoint `Backup`: reads and takes what cannot be rebuilt, for the oauth Worker.
 * Entrypoint `Search`: the catalog's tools by words, for the router.
 * Entrypoint `Platform`: what servers may use of it (binding PLATFORM).
 */
export { ApiKeysObject } from './identity/api-keys.ts'
export { AttachmentObject } from './services/attachment.ts'
export { Backup } from './backup/backup.ts'
export { CatalogObject } from './catalog/catalog.ts'
export { ConnectionObject } from './identity/connection.ts'
export { DirectoryObject } from './backup/directory.ts'
export { FeedObject } from './feed/feed.ts'
export { GrantStoreObject } from './identity/grant-store.ts'
export { HubObject } from './hub/hub.ts'
export { Platform } from './services/platform.ts'
export { ReplayObject } from './identity/replay.ts'
export { RunObject } from './services/run.ts'
export { Search } from './catalog/search.ts'
export { SessionObject } from './sessions/session.ts'
export { StateObject } from './services/state.ts'
export { SubscriptionsObject } from './sessions/subscriptions.ts'
export { UsageObject } from './usage/usage.ts'
export { TaskObject } from './tasks/task.ts'

export default {
  fetch: (): Response => new Response(null, { status: 404 }),
} satisfies ExportedHandler
