/**
 * The admin API over HTTP, inside the Catalog: routes and OpenAPI document made of
 * one table (operations.ts). Loaded when an operator first asks.
 *
 * Does NOT authenticate: only bound Workers reach an object, and the router lets
 * nobody through without the scope (workers/router/catalog-api.ts).
 */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { logUnexpected } from '#shared/lib/log.ts'
import { nestsDeeperThan } from '#shared/lib/nesting.ts'
import { fail, type Result } from '#shared/lib/result.ts'
import { ACTOR_HEADER } from '#shared/catalog/contract.ts'
import { invalid, safeParse } from './admin-input.ts'
import type { Answer, CatalogAdmin } from './admin.ts'
import { type Described, OPERATIONS, OPERATIONS_ELSEWHERE, type Operation } from './operations.ts'
import type { Carried } from './snapshot.ts'
import type { CatalogStanding } from './standing.ts'
import type { AdminFailure } from './state.ts'
import { INPUT_MAX_DEPTH } from '../limits.ts'

export interface ApiOptions {
  /** Does it in its turn, and carries out what it changed. */
  readonly administer: <Done>(work: (admin: CatalogAdmin) => Promise<Done>) => Promise<Done>
  /** Waits until the feed carries the newest index. */
  readonly settle: () => Promise<Carried>
  readonly standing: CatalogStanding
}

const STATUS = {
  unknown_server: 404,
  unknown_revision: 404,
  unknown_change: 404,
  invalid: 400,
  conflict: 409,
  full: 409,
  lost: 409,
} as const satisfies Record<AdminFailure['reason'], number>

export function createCatalogApi({ administer, settle, standing }: ApiOptions): Hono {
  const app = new Hono()
  app.get('/openapi.json', (context) => context.json(openApi()))
  for (const operation of OPERATIONS) {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1')
    app.on(operation.method.toUpperCase(), path, async (context) => {
      const body = await bodyOf(context.req.raw, operation)
      if (!body.ok) return refusal(body.failure)
      const params = context.req.param() as Record<string, string>
      const asked = {
        name: params['name'] ?? '',
        last: params['revision'] ?? params['id'] ?? '',
        query: context.req.query(),
        body: body.value,
        actor: { by: context.req.header(ACTOR_HEADER) ?? 'unknown' },
      }
      const answer = await administer(
        async (admin): Promise<Answer<unknown>> =>
          (await whyLost(operation, standing)) ?? operation.run(admin, asked, standing),
      )
      if (!answer.ok) return refusal(answer.failure)
      const value = answer.value as object
      if (!changes(operation)) return context.json(value)
      const feed = await settle()
      return context.json({ ...value, feed }, feed.taken ? 200 : NOT_TAKEN)
    })
  }
  app.notFound(() => error(404, 'not_found', 'No such operation; see /catalog/openapi.json'))
  app.onError((thrown) => {
    const ref = logUnexpected('catalog_api_failed', thrown)
    return error(500, 'internal_error', `Internal error (ref ${ref})`)
  })
  return app
}

/** RFC 9110 §15.3.3: stored, and not in force yet. */
const NOT_TAKEN = 202

const changes = ({ method, isQuestion }: Operation): boolean => method !== 'get' && !isQuestion

/** A Catalog that lost what it held is not changed bit by bit: first it is said what counts. */
async function whyLost(
  operation: Operation,
  standing: CatalogStanding,
): Promise<Answer<never> | undefined> {
  if (!changes(operation) || operation.restores || !(await standing.isLost())) return undefined
  const detail = 'The Catalog lost what it held: import a file that was exported, or start over'
  return fail({ reason: 'lost', detail })
}

async function bodyOf(
  request: Request,
  { body: schema }: Operation,
): Promise<Result<unknown, AdminFailure>> {
  if (!schema) return { ok: true, value: undefined }
  const text = await request.text()
  try {
    const body: unknown = text === '' ? {} : JSON.parse(text)
    return nestsDeeperThan(body, INPUT_MAX_DEPTH)
      ? invalid('The body nests too deeply')
      : safeParse(schema, body)
  } catch {
    return invalid('The body is not JSON')
  }
}

const refusal = ({ reason, detail }: AdminFailure): Response =>
  error(STATUS[reason], reason, detail)

const error = (status: number, code: string, description: string): Response =>
  Response.json({ error: code, error_description: description }, { status })

const JSON_TYPE = 'application/json'

/** OpenAPI 3.1: its schemas are JSON Schema 2020-12, as zod writes them. */
function openApi(): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of [...OPERATIONS, ...OPERATIONS_ELSEWHERE]) {
    const path = `/catalog${operation.path}`
    paths[path] = { ...paths[path], [operation.method]: describe(operation) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Catalog administration', version: '1' },
    paths,
    security: [{ oauth: ['catalog:admin'] }],
    components: {
      securitySchemes: {
        oauth: {
          type: 'http',
          scheme: 'bearer',
          description: 'An access token for the resource /catalog with the scope catalog:admin',
        },
      },
    },
  }
}

function describe(described: Described): object {
  const { method, path, summary, query = [], body, needsNoScope, isQuestion } = described
  const changesSomething = method !== 'get' && !isQuestion
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = query.map((name) => ({ name, in: 'query', schema: { type: 'string' } }))
  const parameters = [...inPath, ...inQuery]
  return {
    operationId: `${method}${path.replaceAll(/[^a-zA-Z]+(\w?)/g, (_, first: string) => first.toUpperCase())}`,
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(needsNoScope ? { security: [{ oauth: [] }] } : {}),
    ...(body
      ? {
          requestBody: {
            content: { [JSON_TYPE]: { schema: z.toJSONSchema(body, { io: 'input' }) } },
          },
        }
      : {}),
    responses: {
      200: { description: 'Done', content: { [JSON_TYPE]: { schema: { type: 'object' } } } },
      ...(changesSomething
        ? { 202: { description: 'Stored; the feed did not take it yet, see the member feed' } }
        : {}),
      ...Object.fromEntries(
        [400, 401, 403, 404, 409].map((status) => [
          status,
          { description: 'Refused: error and error_description' },
        ]),
      ),
    },
  }
}
