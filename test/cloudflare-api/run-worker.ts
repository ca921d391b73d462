/** One uploaded Worker as Miniflare takes it, and the two Workers that stand for the network. */
import type { V4ModuleDefinition, V4WorkerOptions } from 'miniflare'
import { liveVersion, type Account, type Binding, type Module, type Script } from './account.ts'

const OUTBOUND = 'imitation-outbound'
const COMPATIBILITY_DATE = '2026-10-01'

const inNamespace = (namespace: string, name: string): string => `${namespace}/${name}`
const standIn = (namespace: string): string => `imitation-namespace-${namespace}`

/** @param name it runs under */
export function workerOptions(script: Script, name: string): V4WorkerOptions {
  const version = liveVersion(script)
  return {
    name,
    modules: modulesOf(version.mainModule, version.modules),
    compatibilityDate: version.compatibilityDate,
    compatibilityFlags: [...version.compatibilityFlags, ...flagsOf(version.bindings)],
    outboundService: OUTBOUND,
    ...bindingOptions(script, version.bindings),
  }
}

/** A namespace is stood for by RPC, over which a `fetch` with a signal passes only with this. */
const flagsOf = (bindings: readonly Binding[]): string[] =>
  bindings.some(({ type }) => type === 'dispatch_namespace') ? ['enable_abortsignal_rpc'] : []

const MODULE_TYPES: Readonly<Record<string, V4ModuleDefinition['type']>> = {
  'application/javascript+module': 'ESModule',
  'application/wasm': 'CompiledWasm',
  'text/plain': 'Text',
  'application/octet-stream': 'Data',
}

function modulesOf(main: string, modules: readonly Module[]): V4ModuleDefinition[] {
  const sorted = [...modules].sort((a, b) => Number(b.name === main) - Number(a.name === main))
  return sorted.map(({ name, type, content }) => {
    const known = MODULE_TYPES[type]
    if (!known) throw new Error(`${name}: no module type for ${type}`)
    return {
      type: known,
      path: name,
      contents: known === 'CompiledWasm' ? content : textOf(content),
    }
  })
}

const textOf = (content: Uint8Array): string => new TextDecoder().decode(content)

type Options = Record<string, Record<string, unknown>>

function bindingOptions(script: Script, bindings: readonly Binding[]): Options {
  const options: Options = {}
  const set = (kind: string, name: string, value: unknown): void => {
    options[kind] = { ...options[kind], [name]: value }
  }
  for (const binding of bindings) setBinding(set, script, binding)
  const bound = Object.values(options['durableObjects'] ?? {}) as {
    className: string
    scriptName?: string
  }[]
  const unbound = [...script.classes].filter(
    (className) => !bound.some((own) => own.className === className && !own.scriptName),
  )
  return {
    ...options,
    additionalUnboundDurableObjects: unbound.map((className) => ({
      className,
      useSQLite: true,
    })) as never,
  }
}

function setBinding(
  set: (kind: string, name: string, value: unknown) => void,
  script: Script,
  binding: Binding,
): void {
  const { type, name } = binding
  switch (type) {
    case 'plain_text':
    case 'secret_text':
      return set('bindings', name, binding['text'])
    case 'json':
      return set('bindings', name, binding['json'])
    case 'kv_namespace':
      return set('kvNamespaces', name, binding['namespace_id'])
    case 'd1':
      return set('d1Databases', name, binding['id'])
    case 'r2_bucket':
      return set('r2Buckets', name, binding['bucket_name'])
    case 'queue':
      return set('queueProducers', name, binding['queue_name'])
    case 'ratelimit':
      return set('ratelimits', name, {
        namespace_id: binding['namespace_id'],
        simple: binding['simple'],
      })
    case 'service':
      return set('serviceBindings', name, serviceOf(binding))
    case 'dispatch_namespace':
      return set('serviceBindings', name, { name: standIn(String(binding['namespace'])) })
    case 'durable_object_namespace':
      return set('durableObjects', name, objectOf(script, binding))
    default:
      throw new Error(`${script.name}: this imitation cannot run a binding of type ${type}`)
  }
}

const serviceOf = ({ service, entrypoint, props }: Binding) => ({
  name: service,
  ...(entrypoint ? { entrypoint } : {}),
  ...(props ? { props } : {}),
})

const objectOf = ({ name }: Script, { class_name, script_name }: Binding) => ({
  className: class_name,
  useSQLite: true,
  ...(script_name && script_name !== name ? { scriptName: script_name } : {}),
})

/** `get(name)` as a dispatch namespace answers it; the error is the real one's. */
const NAMESPACE_SOURCE = `
import { WorkerEntrypoint } from 'cloudflare:workers'
export default class extends WorkerEntrypoint {
  get(name) {
    const worker = this.env['W_' + name]
    if (!worker) throw new Error('Worker not found.')
    return worker
  }
}`

export function namespaceWorkers(
  namespace: string,
  scripts: ReadonlyMap<string, Script>,
): V4WorkerOptions[] {
  const names = [...scripts.keys()]
  return [
    ...[...scripts].map(([name, script]) => workerOptions(script, inNamespace(namespace, name))),
    {
      name: standIn(namespace),
      modules: [{ type: 'ESModule', path: 'index.js', contents: NAMESPACE_SOURCE }],
      compatibilityDate: COMPATIBILITY_DATE,
      serviceBindings: bindingsTo(names, (name) => inNamespace(namespace, name)),
    },
  ]
}

/** The internet as these Workers reach it: workers.dev addresses that are switched on. */
const OUTBOUND_SOURCE = `
export default {
  fetch(request, env) {
    const { hostname } = new URL(request.url)
    const name = hostname.endsWith(env.SUFFIX) ? hostname.slice(0, -env.SUFFIX.length) : ''
    const worker = env['W_' + name]
    if (worker) return worker.fetch(request)
    return new Response('<h1>There is nothing here yet</h1>', {
      status: 404, headers: { 'content-type': 'text/html' },
    })
  },
}`

export function outboundWorker({ scripts, subdomain }: Account): V4WorkerOptions {
  const names = [...scripts.values()].filter(({ workersDev }) => workersDev).map(({ name }) => name)
  return {
    name: OUTBOUND,
    modules: [{ type: 'ESModule', path: 'index.js', contents: OUTBOUND_SOURCE }],
    compatibilityDate: COMPATIBILITY_DATE,
    bindings: { SUFFIX: `.${subdomain}.workers.dev` },
    serviceBindings: bindingsTo(names, (name) => name),
  }
}

const bindingsTo = (names: readonly string[], target: (name: string) => string) =>
  Object.fromEntries(names.map((name) => [`W_${name}`, target(name)]))
