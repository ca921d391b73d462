/** Search between Workers: what the Catalog gives it, and what the router asks of it. */
import type { Rpc } from '../../contracts/entrypoints.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Result } from '../../lib/result.ts'
import type { Policy } from '../entry.ts'
import type { RegistryAnswer } from './registry.ts'
import type { Recall } from './recall.ts'
import type { SearchDocument, SearchHit } from './search.ts'

export interface Searchable {
  readonly documents: SearchDocument[]
  readonly policies: Readonly<Record<string, Policy>>
  /** Of the revision asked for. */
  readonly digest?: string
}

export type EvaluatedRevision = Recall & { readonly revision: string; readonly digest?: string }

/** Stateless: each isolate keeps the index of one version. */
export interface CatalogSearch {
  search(query: string, principal: Principal, limit: number, version: number): Promise<SearchHit[]>
  /** The read API of the official registry, for strangers. @param path behind `/v0.1`, query included */
  registry(path: string, publicOrigin: string, version: number): Promise<RegistryAnswer>
  /** @returns what is wrong with `asked`, in words */
  evaluate(asked: string, principal: Principal): Promise<Result<EvaluatedRevision[], string>>
}

export const searchOf = (binding: Fetcher) => binding as unknown as Rpc<CatalogSearch>
