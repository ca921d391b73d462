/**
 * What breaks first: for each thing with a ceiling, how near an installation comes
 * to it at 1, 10, 100 and 10,000 times its load, and what answers it. Ceilings are
 * the platform's own limits and Cloudflare's published ones; none is measured here.
 */
import {
  DELETED_SESSIONS_MAX,
  GRANT_ROWS_MAX,
  REPLAY_ROWS_MAX,
  REVOKED_GRANTS_MAX,
  SERVERS_MAX,
  SNAPSHOT_INTERVAL_MS,
} from '../../durable-objects/limits.ts'
import { FEED_COLO_MAX_AGE_MS } from '#shared/catalog/limits.ts'
import { SHARDS_MAX } from '#shared/contracts/hub-limits.ts'

/** `workload.json`: one installation at scale 1. */
export interface Workload {
  readonly usersPerDay: number
  /** Clients a person connects: each refreshes once an hour. */
  readonly connectionsPerUser: number
  readonly signOutsPerDay: number
  readonly strictDpopCallsPerClientPerSecond: number
  readonly sessionsDeletedPerDay: number
  readonly listenersOfBusiestServer: number
  /** HUB_SHARD_LISTENERS of durable-objects/wrangler.toml. */
  readonly listenersPerHubShard: number
  /** Deploys and catalog changes. */
  readonly changesPerDay: number
  readonly servers: number
  /** Cloudflare locations with callers. */
  readonly cities: number
}

export interface HotSpot {
  readonly what: string
  readonly unit: string
  /** Load at scale 1, 10, 100, 10,000, in the order of {@link SCALES}. */
  readonly loads: readonly number[]
  readonly ceiling: number
  readonly answer: string
}

export const SCALES = [1, 10, 100, 10_000] as const

/** Cloudflare: a soft limit of one Durable Object. */
const OBJECT_REQUESTS_PER_SECOND = 1_000
/** Cloudflare has some 330 locations: more callers do not make more of them. */
const CITIES_MAX = 330
const SECONDS_PER_DAY = 86_400
const SECONDS_PER_HOUR = 3_600
const SESSION_DAYS = 30
/** An access token lives an hour, and its revocation as long (DESIGN §5). */
const REVOCATION_DAYS = 1 / 24
/** Grants of one person, and the rows beside each. */
const ROWS_PER_CONNECTION = 2
/** workers/oauth/store.ts: sign-ins under way spread over two random characters of base64url. */
const SIGN_IN_SHARDS = 64 * 64
const REQUESTS_PER_SIGN_IN = 6
/** Sign-ins of a day at scale 100; fewer fall less evenly, and matter less. */
const SIMULATED_KEYS = 400_000

export function hotSpots(workload: Workload): HotSpot[] {
  return [
    ...feedSpots(workload),
    ...signInSpots(workload),
    ...catalogSpots(workload),
    ...hubSpots(workload),
  ]
}

const at = (load: (scale: number) => number): number[] => SCALES.map(load)
const perSecond = (perDay: number): number => perDay / SECONDS_PER_DAY

function feedSpots(workload: Workload): HotSpot[] {
  return [
    {
      what: 'control feed object: one read per city and colo copy',
      unit: 'requests/s',
      loads: at(
        (scale) => Math.min(CITIES_MAX, workload.cities * scale) / (FEED_COLO_MAX_AGE_MS / 1000),
      ),
      ceiling: OBJECT_REQUESTS_PER_SECOND,
      answer: 'Nothing: the colo cache bounds it by the number of cities, not by calls.',
    },
    {
      what: 'revocations in the feed, an hour each',
      unit: 'entries',
      loads: at((scale) => workload.signOutsPerDay * scale * REVOCATION_DAYS),
      ceiling: REVOKED_GRANTS_MAX,
      answer: 'Shorter access tokens (policy, 5 min at least); then a feed per tenant.',
    },
    {
      what: 'tombstones of deleted 2025 sessions, 30 days each',
      unit: 'entries',
      loads: at((scale) => workload.sessionsDeletedPerDay * scale * SESSION_DAYS),
      ceiling: DELETED_SESSIONS_MAX,
      answer: "The oldest go first: a lost one only revives its own owner's session id.",
    },
  ]
}

function signInSpots(workload: Workload): HotSpot[] {
  const skew = skewOf(SIMULATED_KEYS, SIGN_IN_SHARDS)
  return [
    {
      what: 'grants of one person in one object',
      unit: 'rows',
      loads: at(() => workload.connectionsPerUser * ROWS_PER_CONNECTION),
      ceiling: GRANT_ROWS_MAX,
      answer: 'Nothing: one object per person.',
    },
    {
      what: 'sign-ins under way, the fullest of 4,096 objects',
      unit: 'requests/s',
      loads: at(
        (scale) =>
          ((perSecond(workload.usersPerDay * workload.connectionsPerUser * scale) *
            REQUESTS_PER_SIGN_IN) /
            SIGN_IN_SHARDS) *
          skew,
      ),
      ceiling: OBJECT_REQUESTS_PER_SECOND,
      answer: 'Three characters of the random key instead of two: 262,144 objects.',
    },
    {
      what: 'DPoP proofs of one client in ten minutes (strict calls)',
      unit: 'rows',
      loads: at(() => workload.strictDpopCallsPerClientPerSecond * 600),
      ceiling: REPLAY_ROWS_MAX,
      answer: 'Nothing: one object per key; a client beyond 80 calls a second gets 401s.',
    },
    {
      what: 'token refreshes of one person',
      unit: 'requests/s',
      loads: at(() => workload.connectionsPerUser / SECONDS_PER_HOUR),
      ceiling: OBJECT_REQUESTS_PER_SECOND,
      answer: 'Nothing: one object per person.',
    },
  ]
}

function catalogSpots(workload: Workload): HotSpot[] {
  return [
    {
      what: 'publishing the catalog index (KV: one write a second per key)',
      unit: 'publishes/s',
      loads: at((scale) => perSecond(workload.changesPerDay * scale)),
      ceiling: 1000 / SNAPSHOT_INTERVAL_MS,
      answer: 'Changes of one second go out together; each version is a key of its own.',
    },
    {
      what: 'servers in one index',
      unit: 'servers',
      loads: at((scale) => workload.servers * scale),
      ceiling: SERVERS_MAX,
      answer: 'An index per tenant, or an installation per department.',
    },
  ]
}

function hubSpots(workload: Workload): HotSpot[] {
  return [
    {
      what: 'listeners of the busiest server',
      unit: 'streams',
      loads: at((scale) => workload.listenersOfBusiestServer * scale),
      ceiling: workload.listenersPerHubShard * SHARDS_MAX,
      answer: 'More shards: raise SHARDS_MAX; a tree of shards beyond a thousand.',
    },
    {
      what: 'calls of a hub root per change',
      unit: 'calls',
      loads: at((scale) =>
        Math.min(
          SHARDS_MAX,
          Math.ceil((workload.listenersOfBusiestServer * scale) / workload.listenersPerHubShard),
        ),
      ),
      ceiling: OBJECT_REQUESTS_PER_SECOND,
      answer: 'A second level of shards.',
    },
  ]
}

/** The first scale at which it is over its ceiling; `undefined`: at none. */
export function breaksAt({ loads, ceiling }: HotSpot): number | undefined {
  return SCALES.find((_, index) => (loads[index] ?? 0) > ceiling)
}

/**
 * How evenly random keys fall: the load of the fullest of `shards` over the mean,
 * drawn with a fixed seed. What a per-shard ceiling must be divided by.
 */
export function skewOf(keys: number, shards: number): number {
  const loads = new Uint32Array(shards)
  let state = 1
  for (let key = 0; key < keys; key++) {
    // xorshift32: the same draw in every run.
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const shard = (state >>> 0) % shards
    loads[shard] = (loads[shard] ?? 0) + 1
  }
  return loads.reduce((most, load) => Math.max(most, load), 0) / (keys / shards)
}
