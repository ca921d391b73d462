/**
 * The admin API as a table: one line an operation, from which the routes and the
 * OpenAPI document both follow (api.ts).
 */
import type * as z from 'zod/mini'
import { RULE_NOTE_MAX_CHARS } from '#shared/catalog/limits.ts'
import { ok } from '#shared/lib/result.ts'
import { invalid } from './admin-input.ts'
import type { Actor, Answer, CatalogAdmin } from './admin.ts'
import {
  canaryBody,
  canBody,
  itemBody,
  noteBody,
  patchBody,
  republishBody,
  revisionBody,
  rulesBody,
  tuningBody,
} from './bodies.ts'
import type { CatalogStanding } from './standing.ts'
import { can, detailsOf, summaryOf } from './show.ts'
import { evaluationSchema } from './evaluation-schema.ts'
import { exportCatalog, importCatalog, transferSchema } from './transfer.ts'

export interface Asked<Body> {
  /** Of the path; empty where it names none. */
  readonly name: string
  readonly last: string
  readonly query: Readonly<Record<string, string>>
  readonly body: Body
  readonly actor: Actor
}

/** What the OpenAPI document says of an operation. */
export interface Described<Body = unknown> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** As OpenAPI writes it. */
  readonly path: string
  readonly summary: string
  readonly query?: readonly string[]
  readonly body?: z.ZodMiniType<Body>
  /** For everybody who is signed in. */
  readonly needsNoScope?: true
  /** Changes nothing, although it is no GET. */
  readonly isQuestion?: true
}

export interface Operation<Body = unknown> extends Described<Body> {
  /** Allowed also where the Catalog lost what it held. */
  readonly restores?: true
  run(
    admin: CatalogAdmin,
    asked: Asked<Body>,
    standing: CatalogStanding,
  ): Promise<Answer<unknown>> | Answer<unknown>
}

/** What a change answers: whether callers see something else now, and the server as it is. */
async function changed(
  admin: CatalogAdmin,
  name: string,
  work: Promise<Answer<boolean>>,
): Promise<Answer<unknown>> {
  const done = await work
  if (!done.ok) return done
  const server = admin.store.server(name)
  return ok({ changed: done.value, server: server && detailsOf(admin.store, server) })
}

const noted = (actor: Actor, body: { note?: string | undefined }): Actor =>
  body.note === undefined ? actor : { ...actor, note: body.note }

/** Where the body is the document itself, the note stands in the query. */
const notedIn = (actor: Actor, { note: why }: Asked<unknown>['query']): Actor =>
  noted(actor, { note: why?.slice(0, RULE_NOTE_MAX_CHARS) })

function numberIn(query: Asked<unknown>['query'], name: string): Answer<number | undefined> {
  const text = query[name]
  if (text === undefined || /^\d{1,15}$/.test(text))
    return ok(text === undefined ? undefined : Number(text))
  return invalid(`${name} must be a whole number`)
}

/** Keeps the type of each body between its schema and its use. */
const operation = <Body>(one: Operation<Body>): Operation => one as unknown as Operation

const SERVER = '/servers/{name}'

/** Answered before the Catalog is asked: by the router, and by the search beside it. */
export const OPERATIONS_ELSEWHERE: readonly Described[] = [
  {
    method: 'post',
    path: '/eval',
    isQuestion: true,
    summary: 'How often (task → tool) pairs find their tool, by revision',
    body: evaluationSchema,
  },
  {
    method: 'get',
    path: '/search',
    summary: 'Tools the caller may see, best first; for everybody who is signed in',
    query: ['q', 'limit'],
    needsNoScope: true,
  },
]

export const OPERATIONS: readonly Operation[] = [
  operation({
    method: 'get',
    path: '/servers',
    summary: 'Every server: labels, visibility, what waits',
    async run({ store }, _asked, standing) {
      const isLost = await standing.isLost().catch(() => false)
      const servers = store.servers().map(summaryOf)
      return ok({ version: store.version(), servers, ...(isLost ? { isLost } : {}) })
    },
  }),
  operation({
    method: 'get',
    path: '/standing',
    summary: 'Do Catalog, feed and KV hold the same: numbers, and what is wrong',
    run: async (_admin, _asked, standing) => ok(await standing.standing()),
  }),
  operation({
    method: 'post',
    path: '/republish',
    restores: true,
    summary: 'Makes what the Catalog holds count, under a new number and key; KV gets it anew',
    body: republishBody,
    run: (admin, { body: { startOver, distrust, note: why }, actor }, standing) =>
      changed(admin, '', standing.republish({ startOver, distrust }, noted(actor, { note: why }))),
  }),
  operation({
    method: 'post',
    path: `${SERVER}/refresh`,
    summary: 'Looks at what is deployed now; script=canary: at <name>--canary',
    query: ['script'],
    // The router has asked the server and published what it said.
    run(admin, { name }) {
      const found = admin.server(name)
      return found.ok ? ok(detailsOf(admin.store, found.value)) : found
    },
  }),
  operation({
    method: 'get',
    path: SERVER,
    summary: 'One server: labels, policy, overrides, revisions with their findings',
    run(admin, { name }) {
      const found = admin.server(name)
      return found.ok ? ok(detailsOf(admin.store, found.value)) : found
    },
  }),
  operation({
    method: 'get',
    path: `${SERVER}/revisions/{revision}`,
    summary: 'The definitions of one revision, as the server gave them',
    run: (admin, { name, last }) => admin.definitions(name, last),
  }),
  operation({
    method: 'get',
    path: `${SERVER}/diff`,
    summary: 'What differs between two revisions; default: from what is live to what waits',
    query: ['from', 'to'],
    run: (admin, { name, query }) => admin.diff(name, query['from'], query['to']),
  }),
  operation({
    method: 'post',
    path: `${SERVER}/approve`,
    summary: 'Makes a revision live; default: the one that waits',
    body: revisionBody,
    run: (admin, { name, body, actor }) =>
      changed(admin, name, admin.approve(name, body.revision, noted(actor, body))),
  }),
  operation({
    method: 'post',
    path: `${SERVER}/reject`,
    summary: 'Keeps a revision out until it is approved; default: the one that waits',
    body: revisionBody,
    run: (admin, { name, body, actor }) =>
      changed(admin, name, admin.reject(name, body.revision, noted(actor, body))),
  }),
  operation({
    method: 'post',
    path: `${SERVER}/canary`,
    summary: 'Shows some callers another revision: overrides, a second script, or a code version',
    body: canaryBody,
    run(admin, { name, body: { revision, note: why, ...rest }, actor }) {
      const asked = { ...rest, digest: revision }
      return changed(admin, name, admin.canary(name, asked, noted(actor, { note: why })))
    },
  }),
  operation({
    method: 'post',
    path: `${SERVER}/promote`,
    summary: 'Makes the canary live for everybody',
    body: noteBody,
    run: (admin, { name, body, actor }) =>
      changed(admin, name, admin.promote(name, noted(actor, body))),
  }),
  operation({
    method: 'post',
    path: `${SERVER}/rollback`,
    summary: 'Takes the canary back; without one, shows what was live before',
    body: noteBody,
    run: (admin, { name, body, actor }) =>
      changed(admin, name, admin.rollBack(name, noted(actor, body))),
  }),
  operation({
    method: 'patch',
    path: `${SERVER}/tuning`,
    summary: 'Changes descriptions, titles, annotations, examples, aliases (RFC 7396 merge patch)',
    body: tuningBody,
    run: (admin, { name, body, actor }) =>
      changed(admin, name, admin.override(name, body.label, body.patch, noted(actor, body))),
  }),
  operation({
    method: 'post',
    path: `${SERVER}/enable`,
    summary: 'Turns an item on, or the server',
    body: itemBody,
    run: (admin, { name, body, actor }) =>
      changed(admin, name, admin.turn(name, body.item, true, noted(actor, body))),
  }),
  operation({
    method: 'post',
    path: `${SERVER}/disable`,
    summary: 'Turns an item off, or the server: neither listed nor callable',
    body: itemBody,
    run: (admin, { name, body, actor }) =>
      changed(admin, name, admin.turn(name, body.item, false, noted(actor, body))),
  }),
  operation({
    method: 'patch',
    path: `${SERVER}/policy`,
    summary: 'Changes members of the policy; null takes one away',
    query: ['note'],
    body: patchBody,
    run: (admin, { name, body, query, actor }) =>
      changed(admin, name, admin.setPolicy(name, body, notedIn(actor, query))),
  }),
  operation({
    method: 'post',
    path: `${SERVER}/can`,
    isQuestion: true,
    summary: 'May this principal use this item, and why',
    body: canBody,
    run: (admin, { name, body }) => can(admin.store, name, body.item, body.principal),
  }),
  operation({
    method: 'get',
    path: `${SERVER}/usage`,
    summary: 'Calls, errors and latencies of each revision; default: of the last week',
    query: ['sinceMs'],
    async run(admin, { name, query }) {
      const found = admin.server(name)
      if (!found.ok) return found
      const sinceMs = numberIn(query, 'sinceMs')
      return sinceMs.ok ? ok({ usage: await admin.usage(name, sinceMs.value ?? 0) }) : sinceMs
    },
  }),
  operation({
    method: 'delete',
    path: SERVER,
    summary: 'Forgets a server; one that is still deployed comes back when it is next called',
    query: ['note'],
    run: (admin, { name, query, actor }) =>
      changed(admin, name, admin.remove(name, notedIn(actor, query))),
  }),
  operation({
    method: 'get',
    path: '/rules',
    summary: "The rules of the platform, asked before each server's own",
    run: ({ store }) => ok({ rules: store.platformRules() }),
  }),
  operation({
    method: 'put',
    path: '/rules',
    summary: 'Replaces the rules of the platform',
    body: rulesBody,
    run: (admin, { body, actor }) =>
      changed(admin, '', admin.setPlatformRules(body.rules, noted(actor, body))),
  }),
  operation({
    method: 'get',
    path: '/history',
    summary: 'Who changed what, newest first',
    query: ['server', 'before'],
    run({ history }, { query }) {
      const before = numberIn(query, 'before')
      return before.ok ? ok({ changes: history.page(query['server'], before.value) }) : before
    },
  }),
  operation({
    method: 'post',
    path: '/history/{id}/revert',
    summary: 'Takes one change back',
    body: noteBody,
    run: (admin, { last, body, actor }) =>
      changed(admin, '', admin.revert(Number(last), noted(actor, body))),
  }),
  operation({
    method: 'get',
    path: '/export',
    summary: "The operator's word on every server, as a file",
    run: ({ store }) => ok(exportCatalog(store)),
  }),
  operation({
    method: 'post',
    path: '/import',
    restores: true,
    summary: 'Reads such a file in: all of it, or nothing',
    query: ['note'],
    body: transferSchema,
    run: (admin, { body, query, actor }) =>
      changed(admin, '', importCatalog(admin.store, admin.writer, body, notedIn(actor, query))),
  }),
]
