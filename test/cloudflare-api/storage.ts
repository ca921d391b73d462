/** KV, D1, R2 and queues, as far as deploying makes, lists and deletes them. */
import { ApiError, newId, now, type KvNamespace } from './account.ts'
import { jsonOf, type Call, type Route } from './routes.ts'

export const storageRoutes: readonly Route[] = [
  ['GET /storage/kv/namespaces', ({ account, query }) => page([...account.kv.values()], query)],
  ['POST /storage/kv/namespaces', createKv],
  ['DELETE /storage/kv/namespaces/:id', ({ account, params }) => drop(account.kv, params['id'])],
  ['GET /storage/kv/namespaces/:id/keys', (call) => keysOf(kvOf(call))],
  ['PUT /storage/kv/namespaces/:id/values/:key', putValue],
  ['GET /storage/kv/namespaces/:id/values/:key', getValue],
  ['GET /d1/database', ({ account }) => [...account.d1.values()]],
  ['POST /d1/database', createD1],
  ['DELETE /d1/database/:id', ({ account, params }) => drop(account.d1, params['id'])],
  ['GET /d1/database/:id', getD1],
  ['GET /r2/buckets', ({ account }) => ({ buckets: [...account.r2.values()] })],
  [
    'GET /r2/buckets/:name',
    ({ account, params }) => found(account.r2.get(params['name'] ?? ''), 10006),
  ],
  ['POST /r2/buckets', createR2],
  ['DELETE /r2/buckets/:name', ({ account, params }) => drop(account.r2, params['name'])],
  ['GET /queues', listQueues],
  ['POST /queues', createQueue],
  ['DELETE /queues/:id', ({ account, params }) => drop(account.queues, params['id'])],
  ['GET /queues/:id/consumers', () => []],
  ['POST /queues/:id/consumers', () => ({})],
]

const described = ({ id, title }: KvNamespace) => ({ id, title, supports_url_encoding: true })

/** One page is all this imitation ever fills; a later one is empty. */
const page = (all: readonly KvNamespace[], query: URLSearchParams) =>
  Number(query.get('page') ?? 1) > 1 ? [] : all.map(described)

function createKv(call: Call) {
  const { title } = jsonOf<{ title: string }>(call)
  if ([...call.account.kv.values()].some((other) => other.title === title)) {
    throw new ApiError(400, 10014, 'a namespace with this account ID and title already exists')
  }
  const made = { id: newId(), title, values: new Map() }
  call.account.kv.set(made.id, made)
  return described(made)
}

function kvOf({ account, params }: Call): KvNamespace {
  return found(account.kv.get(params['id'] ?? ''))
}

const keysOf = ({ values }: KvNamespace) => [...values.keys()].map((name) => ({ name }))

function putValue(call: Call) {
  kvOf(call).values.set(call.params['key'] ?? '', call.body.toString())
  return {}
}

function getValue(call: Call) {
  const value = found(kvOf(call).values.get(call.params['key'] ?? ''))
  return { status: 200, type: 'application/octet-stream', rawBody: Buffer.from(value) }
}

/** By its id or its name, as the API takes both. */
function getD1({ account, params }: Call) {
  const all = [...account.d1.values()]
  return found(
    all.find(({ uuid, name }) => params['id'] === uuid || params['id'] === name),
    7404,
  )
}

function createD1(call: Call) {
  const { name } = jsonOf<{ name: string }>(call)
  if ([...call.account.d1.values()].some((other) => other.name === name)) {
    throw new ApiError(400, 7502, `Database with name: '${name}' already exists`)
  }
  const made = { uuid: newId(), name, version: 'production' }
  call.account.d1.set(made.uuid, made)
  return made
}

function createR2(call: Call) {
  const { name } = jsonOf<{ name: string }>(call)
  if (call.account.r2.has(name)) {
    const message = 'The bucket you tried to create already exists, and you own it.'
    throw new ApiError(409, 10004, message)
  }
  const made = { name, creation_date: now() }
  call.account.r2.set(name, made)
  return made
}

function listQueues({ account, query }: Call) {
  const names = query.getAll('name')
  const all = [...account.queues.values()]
  return names.length === 0 ? all : all.filter(({ queue_name }) => names.includes(queue_name))
}

function createQueue(call: Call) {
  const { queue_name } = jsonOf<{ queue_name: string }>(call)
  if ([...call.account.queues.values()].some((other) => other.queue_name === queue_name)) {
    throw new ApiError(409, 11009, `Queue name '${queue_name}' is already taken`)
  }
  const made = { queue_id: newId(), queue_name, producers: [], consumers: [] }
  call.account.queues.set(made.queue_id, made)
  return made
}

/** @param code by which wrangler knows what is missing */
function found<Value>(value: Value | undefined, code = 10013): Value {
  if (value === undefined) throw new ApiError(404, code, 'not found')
  return value
}

function drop(things: Map<string, unknown>, key = ''): unknown {
  if (!things.delete(key)) throw new ApiError(404, 10013, 'not found')
  return {}
}
