/** Every number of hubs and of what listens to them: unit in the name, reason beside it. */

// ── Who listens ───────────────────────────────────────────────────────────────

/** Times HUB_SHARD_LISTENERS: 16,000 listeners a server. A notification costs one call per shard. */
export const SHARDS_MAX = 32
/** Every window of every client of one person; a client that leaks streams stops here. */
export const LISTENERS_PER_PRINCIPAL_MAX = 32
/** Strangers are one principal: a public server's listeners, but never all of its room. */
export const LISTENERS_OF_STRANGERS_MAX = 12_000
/** Resources one listener follows; also tasks. With their keys an attachment stays below 16 KiB. */
export const TOPICS_PER_LISTENER_MAX = 64

// ── What is remembered ────────────────────────────────────────────────────────

/** The latest event of so many topics, for listeners that were cut; who missed more is told so. */
export const TOPICS_KEPT_MAX = 1_000
/** How long a hub outlives its last listener: cut ones come back within seconds. */
export const HUB_IDLE_MS = 60_000
/** A socket whose end nobody reported is found out, and the object with it. */
export const HUB_CHECK_MS = 60 * 60_000
/** From being sent to a shard to being attached there; also how often a broken alarm comes again. */
export const SHARD_ASSIGNED_MS = 60_000
/** A task with its result; SQLite takes 2 MB a row and sockets 1 MiB a message. */
export const HUB_EVENT_MAX_CHARS = 512 * 1024
/** Events one call publishes. */
export const HUB_EVENTS_AT_ONCE_MAX = 64

// ── How fast ──────────────────────────────────────────────────────────────────

/** Above this, events of one topic within the pause become one. */
export const HUB_EVENTS_PER_SECOND = 100
export const HUB_PAUSE_MS = 250
/** A shard that did not take an event gets it again after so long, doubled each time. */
export const SHARD_RETRY_MS = 1_000
export const SHARD_RETRY_MAX_MS = 60_000
export const SHARD_CALL_TIMEOUT_MS = 5_000
