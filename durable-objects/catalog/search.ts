/**
 * Search over the catalog, beside the object that owns it: each isolate keeps the
 * index of the version it was last asked for, so searching wakes the Catalog once
 * per version and isolate.
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import type { Principal } from '#shared/identity/principal.ts'
import {
  answerRegistry,
  type PublicServer,
  type RegistryAnswer,
} from '#shared/catalog/search/registry.ts'
import { measureRecall } from '#shared/catalog/search/recall.ts'
import { type SearchHit, ToolSearch } from '#shared/catalog/search/search.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import type { CatalogSearch, EvaluatedRevision } from '#shared/catalog/search/search-contract.ts'
import { catalogOf } from '#shared/catalog/contract.ts'
import { safeParse } from './admin-input.ts'
import { evaluationSchema } from './evaluation-schema.ts'
import { SEARCH_HITS_MAX, SEARCH_QUERY_MAX_CHARS } from '../limits.ts'

interface Kept {
  readonly version: number
  readonly search: Promise<ToolSearch>
}
/** One for the isolate: entrypoints live as long as a request. */
let kept: Kept | undefined
let listed: { version: number; servers: PublicServer[] } | undefined

export class Search extends WorkerEntrypoint<Cloudflare.Env> implements CatalogSearch {
  /** @param version the newest the caller knows of */
  async search(
    query: string,
    principal: Principal,
    limit: number,
    version: number,
  ): Promise<SearchHit[]> {
    const search = await this.#current(version)
    const bounded = Math.min(Math.max(1, Math.trunc(limit) || 1), SEARCH_HITS_MAX)
    return search.search(query.slice(0, SEARCH_QUERY_MAX_CHARS), principal, bounded)
  }

  async registry(path: string, publicOrigin: string, version: number): Promise<RegistryAnswer> {
    if (!listed || listed.version < version) {
      listed = { version, servers: await catalogOf(this.env.CATALOG).publicServers() }
    }
    const { pathname, searchParams } = new URL(path, publicOrigin)
    return answerRegistry(pathname, searchParams, listed.servers, publicOrigin)
  }

  /** @param asked JSON text of an evaluation; see docs/catalog.md */
  async evaluate(
    asked: string,
    principal: Principal,
  ): Promise<Result<EvaluatedRevision[], string>> {
    const parsed = safeParse(evaluationSchema, parseText(asked))
    if (!parsed.ok) return fail(parsed.failure.detail)
    const { pairs, server, revisions } = parsed.value
    const rows: EvaluatedRevision[] = []
    for (const revision of server === undefined ? ['live'] : revisions) {
      const replaced = server === undefined ? undefined : { server, revision }
      const found = await catalogOf(this.env.CATALOG).searchable(replaced)
      if (!found) return fail(`${server} has no revision "${revision}"`)
      const search = new ToolSearch(found.documents, found.policies)
      const { digest } = found
      const recall = measureRecall(search, pairs, principal)
      rows.push({ revision, ...(digest === undefined ? {} : { digest }), ...recall })
    }
    return ok(rows)
  }

  async #current(version: number): Promise<ToolSearch> {
    if (kept && kept.version >= version) return kept.search
    const making: Kept = { version, search: this.#build() }
    kept = making
    try {
      return await making.search
    } catch (error) {
      if (kept === making) kept = undefined
      throw error
    }
  }

  async #build(): Promise<ToolSearch> {
    const found = await catalogOf(this.env.CATALOG).searchable()
    return new ToolSearch(found?.documents ?? [], found?.policies ?? {})
  }
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
