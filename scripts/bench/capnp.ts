/** A workerd configuration as text (workerd.capnp), from plain data. */

export type Binding =
  | { readonly text: string }
  | { readonly service: string; readonly entrypoint?: string }
  | { readonly kv: string }
  | { readonly object: string; readonly service?: string }

export interface WorkerService {
  readonly name: string
  /** Path of the one ES module, relative to the configuration. */
  readonly module: string
  readonly compatibilityDate: string
  readonly compatibilityFlags?: readonly string[]
  readonly bindings?: Readonly<Record<string, Binding>>
  /** Durable Object classes it owns; all with SQLite. */
  readonly classes?: readonly string[]
  /** Its `fetch()` may reach loopback, which workerd otherwise refuses. */
  readonly reachesLoopback?: boolean
}

export interface Deployment {
  readonly services: readonly WorkerService[]
  /** Socket name → service and port. */
  readonly sockets: readonly { readonly service: string; readonly port: number }[]
}

const DISK = 'disk'
const LOOPBACK = 'loopback'

/** @param storage folder for object storage, absolute */
export function capnpConfig({ services, sockets }: Deployment, storage: string): string {
  const disk = `(name = "${DISK}", disk = (path = ${text(storage)}, writable = true))`
  const loopback = `(name = "${LOOPBACK}", network = (allow = ["local"]))`
  const workers = services.map(
    ({ name }, index) => `(name = ${text(name)}, worker = .worker${index})`,
  )
  return [
    'using Workerd = import "/workerd/workerd.capnp";',
    'const config :Workerd.Config = (',
    `  services = [${[disk, loopback, ...workers].join(', ')}],`,
    `  sockets = [${sockets.map(socket).join(', ')}],`,
    ');',
    ...services.map(
      (service, index) => `const worker${index} :Workerd.Worker = ${worker(service)};`,
    ),
    '',
  ].join('\n')
}

const text = (value: string): string => JSON.stringify(value)
const list = (values: readonly string[]): string => `[${values.join(', ')}]`

const socket = ({ service, port }: Deployment['sockets'][number], index: number): string =>
  `(name = "socket${index}", address = "127.0.0.1:${port}", http = (), service = ${text(service)})`

function worker(service: WorkerService): string {
  const { classes = [], bindings = {}, compatibilityFlags = [] } = service
  const fields = [
    `modules = [(name = "index.js", esModule = embed ${text(service.module)})]`,
    `compatibilityDate = ${text(service.compatibilityDate)}`,
    `compatibilityFlags = ${list(compatibilityFlags.map(text))}`,
    `bindings = ${list(Object.entries(bindings).map(([name, to]) => binding(name, to)))}`,
  ]
  if (classes.length > 0) {
    const namespaces = classes.map(
      (name) => `(className = "${name}", uniqueKey = "${service.name}-${name}", enableSql = true)`,
    )
    fields.push(
      `durableObjectNamespaces = ${list(namespaces)}`,
      `durableObjectStorage = (localDisk = "${DISK}")`,
    )
  }
  if (service.reachesLoopback) fields.push(`globalOutbound = "${LOOPBACK}"`)
  return `(\n  ${fields.join(',\n  ')}\n)`
}

function binding(name: string, to: Binding): string {
  return `(name = ${text(name)}, ${target(to)})`
}

function target(to: Binding): string {
  if ('text' in to) return `text = ${text(to.text)}`
  if ('kv' in to) return `kvNamespace = ${text(to.kv)}`
  if ('object' in to) {
    const service = to.service === undefined ? '' : `, serviceName = ${text(to.service)}`
    return `durableObjectNamespace = (className = ${text(to.object)}${service})`
  }
  if (to.entrypoint === undefined) return `service = ${text(to.service)}`
  return `service = (name = ${text(to.service)}, entrypoint = ${text(to.entrypoint)})`
}
