/** The Catalog object, as other Workers ask it (shared/contracts/entrypoints.ts). */
import { stubOf } from '../contracts/entrypoints.ts'
import type { Result } from '../lib/result.ts'
import type { CatalogIndex, ServerDescription, ServerEntry } from './entry.ts'
import type { Announcement } from '../contracts/feed.ts'
import type { PublicServer } from './search/registry.ts'
import type { Standing } from './standing.ts'
import type { Searchable } from './search/search-contract.ts'
import type { CanaryWatch } from './usage.ts'

/** Single writer of what is published. One object, name `catalog`. */
export interface Catalog {
  /**
   * The newest index, or the one of `version`; `null` when that version was never
   * made. A version superseded and since forgotten answers with the newest.
   *
   * @param version readers say it when KV did not give it to them: KV gets it again
   */
  index(version?: number): Promise<CatalogIndex | null>
  /** Compares itself with feed and KV. */
  standing(): Promise<Standing>
  /** The last announcement that the feed took; `null`: none. */
  announced(): Promise<Announcement | null>
  /**
   * Asked by readers to whom KV did not give it: KV gets it again.
   *
   * @param view `viewOf()` what an index points at, or the digest of a kept revision
   */
  entry(name: string, view: string): Promise<ServerEntry | null>
  /**
   * Records what a server says of itself. A new name takes its policy file (or
   * the default); a known one keeps the operator's. Answers the index in force.
   * Unchanged definitions change nothing, and a refused description neither.
   *
   * @param script the code beside the server that described itself: a canary's
   */
  publish(
    name: string,
    description: ServerDescription,
    script?: 'canary',
  ): Promise<Result<CatalogIndex, PublishFailure>>
  /**
   * Every tool as it is shown live, for the search index.
   *
   * @param replaced one server in another revision (a label, or a digest); `null`: it has none such
   */
  searchable(replaced?: { server: string; revision: string }): Searchable | null
  /** Servers that strangers may see, by name. */
  publicServers(): PublicServer[]
  /** What would take the server's canary back; `null`: it has none, or nobody said when. */
  canaryOf(server: string): CanaryWatch | null
  /** Takes that canary back, if it is still there. @returns whether it was */
  takeBack(server: string, view: string, reason: string): Promise<boolean>
}

/** The operator as OPERATORS names them (`operatorEntry`), on requests the router hands to the Catalog's `fetch`. */
export const ACTOR_HEADER = 'x-mcp-edge-actor'

/** Why a description was not taken; `detail` is for logs and operators, never for callers. */
export interface PublishFailure {
  reason:
    | 'bad_name'
    | 'invalid'
    | 'digest_mismatch'
    | 'too_large'
    | 'too_many_servers'
    /** The Catalog lost what it held: an operator must say what counts. */
    | 'lost'
    /** An empty Catalog cannot ask the feed whether it lost something. */
    | 'unavailable'
  detail: string
}

export const catalogOf = (binding: DurableObjectNamespace) =>
  stubOf<Catalog>(binding, 'catalog', ['index', 'entry', 'searchable', 'publicServers', 'canaryOf'])
