/**
 * What an operator may ask and do, one method each. Every change goes through the
 * writer with their name on it. Does NOT check who they are: the router did.
 */
import { type DefinitionsDiff, diffDefinitions } from '#shared/catalog/diff.ts'
import type { Definitions } from '#shared/catalog/entry-schema.ts'
import { type PlatformRule, platformRulesSchema } from '#shared/catalog/rules-schema.ts'
import { isSwitchKey } from '#shared/catalog/tuning.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import type { CatalogChange } from '#shared/catalog/records.ts'
import type { UsageTotals } from '#shared/catalog/usage.ts'
import { invalid, safeParse } from './admin-input.ts'
import type { CatalogHistory } from './history.ts'
import { boundedTuning, patchedPolicy } from './patches.ts'
import {
  type AdminFailure,
  approve,
  promote,
  reject,
  type Release,
  retune,
  rollBack,
  type ServerState,
  startCanary,
  type Thresholds,
  turn,
  wordsFollowCode,
} from './state.ts'
import type { CatalogStore, StoredServer } from './store.ts'
import type { Act, CatalogWriter } from './writer.ts'
import { OFF_ITEMS_MAX } from '../limits.ts'

export type Answer<Value> = Result<Value, AdminFailure>
type Step = Result<ServerState, AdminFailure>

/** Who and why; the action is the method's. */
export interface Actor {
  readonly by: string
  readonly note?: string | undefined
}

export interface CanaryRequest {
  /** Default: what is live, with `tuning`; with `script`, what that says of itself. */
  digest?: string | undefined
  /** Changes on top of the live tuning (RFC 7396). */
  tuning?: unknown
  percent: number
  clients: string[]
  script?: 'canary' | undefined
  codeVersion?: string | undefined
  rollback?: Thresholds | undefined
}

export class CatalogAdmin {
  readonly #store: CatalogStore
  readonly #writer: CatalogWriter
  readonly history: CatalogHistory
  /** Sums of a server's revisions, from its Usage object. */
  readonly usage: (server: string, sinceMs: number) => Promise<UsageTotals[]>

  constructor(
    store: CatalogStore,
    writer: CatalogWriter,
    history: CatalogHistory,
    usage: CatalogAdmin['usage'],
  ) {
    this.#store = store
    this.#writer = writer
    this.history = history
    this.usage = usage
  }

  get store(): CatalogStore {
    return this.#store
  }

  get writer(): CatalogWriter {
    return this.#writer
  }

  server(name: string): Answer<StoredServer> {
    const server = this.#store.server(name)
    return server
      ? ok(server)
      : fail({ reason: 'unknown_server', detail: `There is no server "${name}"` })
  }

  definitions(
    name: string,
    revision: string,
  ): Answer<{ digest: string; definitions: Definitions }> {
    const digest = this.#digestOf(name, revision) ?? ''
    const definitions = this.#store.definitions(name, digest)
    return definitions ? ok({ digest, definitions }) : this.#unknownRevision(name, digest)
  }

  /** @param from default: what is live; @param to default: what waits, else the newest */
  diff(
    name: string,
    from?: string,
    to?: string,
  ): Answer<DefinitionsDiff & { from: string; to: string }> {
    const found = this.server(name)
    if (!found.ok) return found
    const { state } = found.value
    const ends = {
      from: this.#digestOf(name, from) ?? state.live.digest,
      to:
        this.#digestOf(name, to) ??
        state.waiting ??
        this.#store.revisions(name)[0]?.digest ??
        state.live.digest,
    }
    const [before, after] = [ends.from, ends.to].map((one) => this.#store.definitions(name, one))
    if (!before || !after) return this.#unknownRevision(name, before ? ends.to : ends.from)
    return ok({ ...ends, ...diffDefinitions(before, after) })
  }

  approve(name: string, revision: string | undefined, actor: Actor): Promise<Answer<boolean>> {
    return this.#step('approve', name, actor, (state) => {
      const asked = this.#digestOf(name, revision) ?? state.waiting
      if (asked === undefined) return nothingWaits()
      return this.#store.definitions(name, asked)
        ? approve(state, asked)
        : this.#unknownRevision(name, asked)
    })
  }

  reject(name: string, revision: string | undefined, actor: Actor): Promise<Answer<boolean>> {
    return this.#step('reject', name, actor, (state) => {
      const asked = this.#digestOf(name, revision) ?? state.waiting
      return asked === undefined ? nothingWaits() : reject(state, asked)
    })
  }

  canary(name: string, asked: CanaryRequest, actor: Actor): Promise<Answer<boolean>> {
    return this.#step('canary', name, actor, (state) => {
      const release = this.#releaseOf(name, state, asked)
      if (!release.ok) return release
      const nowMs = Date.now()
      const { canary } = state
      // Another share of the same canary: nobody who sees it may be taken out by a new draw.
      const goesOn = canary?.digest === release.value.digest
      return startCanary(state, {
        ...release.value,
        percent: asked.percent,
        clients: [...new Set(asked.clients)],
        seed: goesOn ? canary.seed : crypto.randomUUID(),
        sinceMs: goesOn ? canary.sinceMs : nowMs,
        by: actor.by,
        ...(asked.rollback ? { rollback: asked.rollback } : {}),
      })
    })
  }

  promote = (name: string, actor: Actor): Promise<Answer<boolean>> =>
    this.#step('promote', name, actor, promote)

  rollBack = (name: string, actor: Actor): Promise<Answer<boolean>> =>
    this.#step('rollback', name, actor, rollBack)

  /** @param patch RFC 7396, on the tuning document */
  override(
    name: string,
    label: 'live' | 'canary' | undefined,
    patch: unknown,
    actor: Actor,
  ): Promise<Answer<boolean>> {
    return this.#step('override', name, actor, (state) =>
      retune(state, label, (tuning) => boundedTuning(tuning, patch)),
    )
  }

  /** @param item `tool:now` …; absent = the whole server */
  turn(
    name: string,
    item: string | undefined,
    on: boolean,
    actor: Actor,
  ): Promise<Answer<boolean>> {
    return this.#step(on ? 'enable' : 'disable', name, actor, (state) => {
      if (item !== undefined && !isSwitchKey(item)) {
        return invalid(`"${item}" is not of the form tool:<name>, prompt:<name> or resource:<uri>`)
      }
      const next = turn(state, item, on)
      return next.off.length > OFF_ITEMS_MAX
        ? invalid(`At most ${OFF_ITEMS_MAX} items may be off`)
        : ok(next)
    })
  }

  /** @param patch RFC 7396 on the first level: `null` takes a member away */
  setPolicy(name: string, patch: unknown, actor: Actor): Promise<Answer<boolean>> {
    return this.#step('policy', name, actor, (state) => {
      const policy = patchedPolicy(state.policy, patch)
      return policy.ok ? ok({ ...state, policy: policy.value }) : policy
    })
  }

  async setPlatformRules(rules: unknown, actor: Actor): Promise<Answer<boolean>> {
    const parsed = safeParse(platformRulesSchema, rules)
    if (!parsed.ok) return parsed
    return this.#writer.write({ ...actor, action: 'rules' }, [], parsed.value)
  }

  remove(name: string, actor: Actor): Promise<Answer<boolean>> {
    const found = this.server(name)
    if (!found.ok) return Promise.resolve(found)
    return this.#writer.write({ ...actor, action: 'remove' }, [{ name, next: undefined }])
  }

  /** Takes one change back, if nothing has changed the same since. */
  async revert(id: number, actor: Actor): Promise<Answer<boolean>> {
    const change = this.history.find(id)
    if (!change) return fail({ reason: 'unknown_change', detail: `There is no change ${id}` })
    const act: Act = { by: actor.by, action: 'revert', note: actor.note ?? `of change ${id}` }
    if (change.server === undefined) {
      if (!holdsStill({ rules: this.#store.platformRules() }, change)) return changedSince()
      const rules = change.before['rules'] as PlatformRule[]
      return this.#writer.write(act, [], rules)
    }
    const found = this.server(change.server)
    if (!found.ok) return found
    const { state } = found.value
    if (!holdsStill(state, change)) return changedSince()
    const next = restored(state, change)
    if (!next) return fail({ reason: 'conflict', detail: 'Nothing was before that change' })
    const lost = [next.live, next.previous, next.canary].find(
      (release) => release && !this.#store.definitions(found.value.name, release.digest),
    )
    if (lost) return this.#unknownRevision(change.server, lost.digest)
    return this.#writer.write(act, [{ name: change.server, next }])
  }

  async #step(
    action: string,
    name: string,
    actor: Actor,
    step: (state: ServerState) => Step,
  ): Promise<Answer<boolean>> {
    const found = this.server(name)
    if (!found.ok) return found
    const next = step(found.value.state)
    if (!next.ok) return next
    return this.#writer.write({ ...actor, action }, [{ name, next: next.value }])
  }

  #releaseOf(name: string, state: ServerState, asked: CanaryRequest): Answer<Release> {
    if (asked.script && asked.digest === undefined && state.beside === undefined) {
      return fail({
        reason: 'conflict',
        detail: `${name}--canary has not been looked at: POST /servers/${name}/refresh?script=canary`,
      })
    }
    const proposed = asked.script ? state.beside : state.live.digest
    const digest = this.#digestOf(name, asked.digest) ?? proposed ?? state.live.digest
    if (!this.#store.definitions(name, digest)) return this.#unknownRevision(name, digest)
    const tuned = boundedTuning(state.live.tuning, asked.tuning ?? {})
    if (!tuned.ok) return invalid(tuned.failure)
    return ok({
      digest,
      tuning: tuned.value,
      ...(asked.script ? { script: asked.script } : {}),
      ...(asked.codeVersion ? { codeVersion: asked.codeVersion } : {}),
    })
  }

  /** A digest may be shortened to what is unique; what fits none stays as it is, and is unknown. */
  #digestOf(name: string, revision: string | undefined): string | undefined {
    if (!revision) return undefined
    const fitting = this.#store.revisions(name).filter(({ digest }) => digest.startsWith(revision))
    return fitting.length === 1 ? fitting[0]?.digest : revision
  }

  #unknownRevision(name: string, digest: string) {
    const detail = `No revision of ${name} begins with "${digest}", or more than one does`
    return fail<AdminFailure>({ reason: 'unknown_revision', detail })
  }
}

const nothingWaits = () => fail<AdminFailure>({ reason: 'conflict', detail: 'Nothing waits' })
const changedSince = () =>
  fail<AdminFailure>({
    reason: 'conflict',
    detail: 'The same was changed again since; take that change back first',
  })

function holdsStill(state: object, { after }: CatalogChange): boolean {
  const now = state as Readonly<Record<string, unknown>>
  return Object.entries(after).every(
    ([key, value]) => JSON.stringify(now[key] ?? null) === JSON.stringify(value),
  )
}

function restored(state: ServerState, { before }: CatalogChange): ServerState | undefined {
  const merged = Object.entries({ ...state, ...before }).filter(([, value]) => value !== null)
  const next = Object.fromEntries(merged) as unknown as ServerState
  return next.live && next.policy ? wordsFollowCode(next) : undefined
}
