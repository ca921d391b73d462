/**
 * Runs inside a Worker under `npm run cost`: counts what Cloudflare bills while the
 * Worker's own code runs unchanged. Bindings are counted where they are called,
 * storage where its rows are. A `GET /.counts` answers the counts and starts anew.
 *
 * Not counted: the colo cache and calls over bindings between Workers, which are not
 * billed by the call. A `fetch` to an address counts as a request: the Worker there
 * is billed for it.
 */
import type { DurableObject, WorkerEntrypoint } from 'cloudflare:workers'
import { COUNTS_PATH, type Counts } from './counts.ts'

let counts: Counts = {}

function count(operation: string, by = 1): void {
  counts[operation] = (counts[operation] ?? 0) + by
}

function takeCounts(): Response {
  const taken = counts
  counts = {}
  return Response.json(taken)
}

const isTake = (request: Request): boolean => new URL(request.url).pathname === COUNTS_PATH

const fetchUncounted = globalThis.fetch
globalThis.fetch = (...args: Parameters<typeof fetch>) => {
  count('request')
  return fetchUncounted(...args)
}

type Env = Record<string, unknown>
interface Handler {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response>
}
type Class = new (...args: never[]) => object

/** A Worker's default export, counted: an object of handlers, or a class. */
export function countingWorker(worker: Handler | Class): unknown {
  if (typeof worker === 'function') return countingEntrypoint(worker)
  return {
    fetch: (request: Request, env: Env, ctx: ExecutionContext) =>
      isTake(request) ? takeCounts() : worker.fetch(request, countingEnv(env), ctx),
  }
}

function countingEntrypoint(worker: Class): Class {
  const Base = worker as new (ctx: ExecutionContext, env: Env) => WorkerEntrypoint
  return class extends Base {
    constructor(ctx: ExecutionContext, env: Env) {
      super(ctx, countingEnv(env))
    }
    override fetch(request: Request) {
      return isTake(request)
        ? takeCounts()
        : (super.fetch?.(request) ?? new Response(null, { status: 404 }))
    }
  }
}

/** A Durable Object class, its storage and what comes by WebSocket counted. */
export function countingObject(object: Class): Class {
  const Base = object as new (ctx: DurableObjectState, env: Env) => DurableObject
  return class extends Base {
    constructor(ctx: DurableObjectState, env: Env) {
      countStorage(ctx.storage)
      super(ctx, countingEnv(env))
    }
    override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer) {
      count('websocketMessage')
      return super.webSocketMessage?.(socket, message)
    }
  }
}

// ── bindings ──────────────────────────────────────────────────────────────────

const counted = new WeakMap<Env, Env>()

/** The same object for the same `env`: Workers keep what they built from it. */
function countingEnv(env: Env): Env {
  let wrapped = counted.get(env)
  if (!wrapped) {
    wrapped = Object.fromEntries(
      Object.entries(env).map(([name, it]) => [name, countingBinding(it)]),
    )
    counted.set(env, wrapped)
  }
  return wrapped
}

function countingBinding(binding: unknown): unknown {
  if (typeof binding !== 'object' || binding === null) return binding
  // By class name: a service binding claims to have every method, so none can be looked for.
  switch (binding.constructor.name) {
    case 'DurableObjectNamespace':
      return countingNamespace(binding as DurableObjectNamespace)
    case 'KvNamespace':
      return methodsCounted(binding, (method) => `kv.${method}`)
    case 'R2Bucket':
      return methodsCounted(binding, (method) => `r2.${method}`)
    default:
      return binding
  }
}

function countingNamespace(namespace: DurableObjectNamespace): unknown {
  return new Proxy(namespace, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'get' && name !== 'getByName') return value.bind(target)
      return (...args: unknown[]) =>
        methodsCounted(value.apply(target, args) as object, () => 'objectRequest')
    },
  })
}

/** Every method call on `target` counts as the operation it names. */
function methodsCounted(target: object, operationOf: (method: string) => string): unknown {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' || typeof name !== 'string') return value
      return (...args: unknown[]) => {
        count(operationOf(name))
        return Reflect.apply(value, target, args)
      }
    },
  })
}

// ── storage ───────────────────────────────────────────────────────────────────

let patched = false

/** Rows are billed, not statements: each cursor is read to its end at once, and says how many. */
function countStorage(storage: DurableObjectStorage): void {
  if (patched) return
  patched = true
  const sql = Object.getPrototypeOf(storage.sql) as { exec: SqlStorage['exec'] }
  const { exec } = sql
  sql.exec = function (this: SqlStorage, ...args: Parameters<SqlStorage['exec']>) {
    const cursor = exec.apply(this, args)
    const rows = cursor.toArray()
    count('rowRead', cursor.rowsRead)
    count('rowWritten', cursor.rowsWritten)
    return readCursor(rows, cursor)
  } as SqlStorage['exec']
  countKeyValues(Object.getPrototypeOf(storage) as KeyValues)
}

type Row = Record<string, SqlStorageValue>

/** A cursor that was read already, in the shape of one that was not. */
function readCursor(rows: Row[], cursor: SqlStorageCursor<Row>): unknown {
  const iterator = rows[Symbol.iterator]()
  return {
    columnNames: cursor.columnNames,
    rowsRead: cursor.rowsRead,
    rowsWritten: cursor.rowsWritten,
    toArray: () => [...iterator],
    next: () => iterator.next(),
    one() {
      const [only, ...others] = rows
      if (!only || others.length > 0) throw new Error('Expected exactly one result from SQL query')
      return only
    },
    raw: () => rows.map((row) => Object.values(row))[Symbol.iterator](),
    [Symbol.iterator]: () => iterator,
  }
}

type KeyValues = Record<
  'get' | 'list' | 'put' | 'delete' | 'setAlarm',
  (...args: never[]) => unknown
>

/** The key-value calls of the storage bill a row each; so does setting an alarm. */
function countKeyValues(prototype: KeyValues): void {
  const operations = {
    get: 'rowRead',
    list: 'rowRead',
    put: 'rowWritten',
    delete: 'rowWritten',
    setAlarm: 'rowWritten',
  } as const
  for (const [name, operation] of Object.entries(operations)) {
    const method = prototype[name as keyof KeyValues]
    prototype[name as keyof KeyValues] = function (this: unknown, ...args: never[]) {
      count(operation)
      return method.apply(this, args)
    }
  }
}
