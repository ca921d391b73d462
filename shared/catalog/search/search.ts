/**
 * Which tools fit a task in words: BM25 over names, titles, descriptions, arguments
 * and aliases, stemmed. Built once per version of the catalog; a search is a
 * millisecond or two. Needs no network and no model.
 *
 * Who may see what is asked of each hit, by the same decision as lists and calls.
 */
import MiniSearch from 'minisearch'
import type { Principal } from '../../identity/principal.ts'
import type { Policy, ServerEntry } from '../entry.ts'
import {
  SEARCH_FUZZY_MIN_CHARS,
  SEARCH_PREFIX_MIN_CHARS,
  SEARCH_TERMS_MAX,
  SEARCH_WEIGHED_TOOLS_MAX,
} from '../limits.ts'
import { maySee, mayUse, type Subject } from '../policy.ts'
import { stem, wordsOf } from './stem.ts'

/** A tool as it is searched for. */
export interface SearchDocument {
  readonly id: number
  readonly server: string
  readonly tool: string
  readonly title: string
  readonly description: string
  /** Names and descriptions of arguments, the server's title. */
  readonly words: string
  /** What operators call it besides. */
  readonly aliases: string
  readonly scopes: readonly string[]
  readonly subject: Subject
}

export interface SearchHit {
  readonly server: string
  readonly tool: string
  readonly title?: string
  readonly description: string
  /** A call needs all of them. */
  readonly scopes: readonly string[]
  /** Comparable within one answer only. */
  readonly score: number
}

const FIELDS = ['tool', 'aliases', 'title', 'server', 'description', 'words'] as const
/** A name says most, an argument least. */
const BOOST = { tool: 4, aliases: 4, title: 3, server: 2, description: 2, words: 1 }

export class ToolSearch {
  readonly #index: MiniSearch<SearchDocument>
  readonly #documents: readonly SearchDocument[]
  readonly #policies: Readonly<Record<string, Policy>>
  /** In how many tools a stemmed word occurs. */
  readonly #occurrences = new Map<string, number>()

  /** @param policies with the platform's rules in them (`unfoldIndex`) */
  constructor(documents: readonly SearchDocument[], policies: Readonly<Record<string, Policy>>) {
    this.#documents = documents
    this.#policies = policies
    this.#index = new MiniSearch<SearchDocument>({
      fields: [...FIELDS],
      tokenize: wordsOf,
      processTerm: stem,
      searchOptions: {
        boost: BOOST,
        // Only what nobody wrote like this is taken for a beginning, or a slip.
        prefix: (term) => !this.#isKnown(term) && term.length >= SEARCH_PREFIX_MIN_CHARS,
        fuzzy: (term) =>
          !this.#isKnown(term) && term.length >= SEARCH_FUZZY_MIN_CHARS ? 1 : false,
        weights: { prefix: 0.3, fuzzy: 0.2 },
      },
    })
    this.#index.addAll(documents)
    for (const document of documents) {
      const words = wordsOf(FIELDS.map((field) => document[field]).join(' '))
      for (const word of new Set(words.map(stem))) {
        this.#occurrences.set(word, (this.#occurrences.get(word) ?? 0) + 1)
      }
    }
  }

  /** Best first. @param query a task or keywords */
  search(query: string, principal: Principal, limit: number): SearchHit[] {
    const seen = new Map<string, boolean>()
    const hits = this.#index.search(this.#tellingWords(query).join(' '), {
      filter: ({ id }) => this.#isFor(principal, this.#documents[id as number], seen),
    })
    return hits.slice(0, limit).flatMap(({ id, score }) => {
      const found = this.#documents[id as number]
      return found ? [hitOf(found, score)] : []
    })
  }

  /**
   * The rarest words of a query, up to so many tools that they occur in: what most
   * tools say tells none of them apart, and costs the most.
   */
  #tellingWords(query: string): string[] {
    const words = [...new Set(wordsOf(query))].slice(0, SEARCH_TERMS_MAX)
    const counted = words.map((word) => ({ word, tools: this.#occurrences.get(stem(word)) ?? 0 }))
    counted.sort((a, b) => a.tools - b.tools)
    let tools = 0
    const telling = counted.filter((one, at) => {
      tools += one.tools
      return at === 0 || tools <= SEARCH_WEIGHED_TOOLS_MAX
    })
    return telling.map(({ word }) => word)
  }

  #isKnown = (term: string): boolean => this.#occurrences.has(term)

  #isFor(
    principal: Principal,
    document: SearchDocument | undefined,
    seen: Map<string, boolean>,
  ): boolean {
    const policy = document && this.#policies[document.server]
    if (!policy) return false
    let sees = seen.get(document.server)
    if (sees === undefined) seen.set(document.server, (sees = maySee(principal, policy)))
    return sees && mayUse(principal, policy, document.subject)
  }
}

const hitOf = (found: SearchDocument, score: number): SearchHit => ({
  server: found.server,
  tool: found.tool,
  ...(found.title === '' ? {} : { title: found.title }),
  description: found.description,
  scopes: found.scopes,
  score: Math.round(score * 100) / 100,
})

/** Every tool of one server as it is shown, numbered from `firstId`. */
export function documentsOf(
  { name, definitions, aliases = {} }: ServerEntry,
  firstId: number,
): SearchDocument[] {
  const serverTitle = definitions.serverInfo.title ?? ''
  return definitions.tools.map(({ wire, scopes }, at) => {
    const { name: tool, title, description, inputSchema, annotations: hints } = wire
    const called = Object.keys(aliases).filter((alias) => aliases[alias] === tool)
    return {
      id: firstId + at,
      server: name,
      tool,
      title: typeof title === 'string' ? title : '',
      description,
      words: `${serverTitle} ${argumentWords(inputSchema)}`,
      aliases: called.join(' '),
      scopes,
      subject: { kind: 'tool', name: tool, ...(hints ? { hints } : {}) },
    }
  })
}

function argumentWords({ properties }: Record<string, unknown>): string {
  if (typeof properties !== 'object' || properties === null) return ''
  return Object.entries(properties as Record<string, { description?: unknown } | undefined>)
    .map(
      ([name, schema]) =>
        `${name} ${typeof schema?.description === 'string' ? schema.description : ''}`,
    )
    .join(' ')
}
