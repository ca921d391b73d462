/**
 * What one imitated Cloudflare account holds. Kept in memory; everything a
 * deployed platform needs of it is run by run.ts.
 */

/** As uploaded; names of members are those of Cloudflare's API. */
export interface Binding {
  readonly type: string
  readonly name: string
  readonly [member: string]: unknown
}

export interface Module {
  readonly name: string
  /** Media type the module was uploaded with. */
  readonly type: string
  readonly content: Uint8Array<ArrayBuffer>
}

/** One upload of a Worker: what runs when it is deployed. */
export interface Version {
  readonly id: string
  readonly number: number
  readonly createdOn: string
  readonly annotations: Readonly<Record<string, string>>
  readonly mainModule: string
  readonly modules: readonly Module[]
  readonly bindings: readonly Binding[]
  readonly compatibilityDate: string
  readonly compatibilityFlags: readonly string[]
}

export interface Deployment {
  readonly id: string
  readonly createdOn: string
  readonly versionId: string
}

export interface Script {
  readonly name: string
  readonly createdOn: string
  readonly versions: Version[]
  /** Newest first; what runs is the version of the first. */
  readonly deployments: Deployment[]
  /** Object classes its migrations made. */
  readonly classes: Set<string>
  migrationTag: string | undefined
  workersDev: boolean
  schedules: { cron: string }[]
}

export interface KvNamespace {
  readonly id: string
  readonly title: string
  readonly values: Map<string, string>
}

export interface Account {
  readonly id: string
  /** Of `<worker>.<subdomain>.workers.dev`. */
  readonly subdomain: string
  readonly scripts: Map<string, Script>
  readonly namespaces: Map<string, Map<string, Script>>
  readonly kv: Map<string, KvNamespace>
  readonly d1: Map<string, { readonly uuid: string; readonly name: string }>
  readonly r2: Map<string, { readonly name: string; readonly creation_date: string }>
  readonly queues: Map<string, { readonly queue_id: string; readonly queue_name: string }>
  readonly domains: Map<string, { readonly hostname: string; readonly service: string }>
  /** Ids of the objects of a class that have stored anything; run.ts knows. */
  objectIds: (script: string, className: string) => readonly string[]
  /** Another number after every change of what runs. */
  revision: number
}

export function createAccount(id = 'a'.repeat(32)): Account {
  return {
    id,
    subdomain: 'acme',
    scripts: new Map(),
    namespaces: new Map(),
    kv: new Map(),
    d1: new Map(),
    r2: new Map(),
    queues: new Map(),
    domains: new Map(),
    objectIds: () => [],
    revision: 0,
  }
}

/** @returns the version that answers requests */
export function liveVersion(script: Script): Version {
  const [deployment] = script.deployments
  const version = script.versions.find(({ id }) => id === deployment?.versionId)
  if (!version) throw new Error(`${script.name} has no deployment`)
  return version
}

/** A refusal of the API, in its own form. */
export class ApiError extends Error {
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export const newId = (): string => crypto.randomUUID().replaceAll('-', '')
export const now = (): string => new Date().toISOString()
