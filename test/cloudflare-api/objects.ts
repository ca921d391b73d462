/** Durable Objects, as far as they are listed: namespaces, and the objects of each, page by page. */
import { ApiError, type Account } from './account.ts'
import type { Answer, Call, Route } from './routes.ts'

const LIMIT_DEFAULT = 1_000

interface Namespace {
  readonly id: string
  readonly class: string
  readonly script: string
}

const namespacesOf = ({ scripts }: Account): Namespace[] =>
  [...scripts.values()].flatMap(({ name, classes }) =>
    [...classes].map((className) => ({
      id: `${name}_${className}`,
      class: className,
      script: name,
    })),
  )

export const objectRoutes: readonly Route[] = [
  [
    'GET /workers/durable_objects/namespaces',
    ({ account, query }) => (query.get('page') === '1' ? namespacesOf(account) : []),
  ],
  ['GET /workers/durable_objects/namespaces/:id/objects', listObjects],
]

/** The cursor is a number here; clients must not know. */
function listObjects({ account, params, query }: Call): Answer {
  const namespace = namespacesOf(account).find(({ id }) => id === params['id'])
  if (!namespace) throw new ApiError(404, 10066, 'Durable Object namespace not found.')
  const from = Number(query.get('cursor') ?? 0)
  const to = from + Number(query.get('limit') ?? LIMIT_DEFAULT)
  const ids = account.objectIds(namespace.script, namespace.class)
  const result = ids.slice(from, to).map((id) => ({ id, hasStoredData: true }))
  const after = to < ids.length ? String(to) : ''
  const info = { count: result.length, cursors: { after } }
  const body = { success: true, errors: [], messages: [], result, result_info: info }
  return { status: 200, type: 'application/json', rawBody: Buffer.from(JSON.stringify(body)) }
}
