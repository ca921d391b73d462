/**
 * One upload: multipart form → version. Bindings that point nowhere are refused
 * with the codes of the real API, so that an order of uploads that works here works there.
 */
import {
  ApiError,
  liveVersion,
  newId,
  now,
  type Account,
  type Binding,
  type Script,
  type Version,
} from './account.ts'
import type { Call } from './routes.ts'

interface Migrations {
  old_tag?: string
  new_tag: string
  steps?: MigrationStep[]
}
interface MigrationStep {
  new_classes?: string[]
  new_sqlite_classes?: string[]
  deleted_classes?: string[]
  renamed_classes?: { from: string; to: string }[]
}

interface Metadata {
  main_module: string
  bindings?: Binding[]
  keep_bindings?: string[]
  migrations?: Migrations
  compatibility_date: string
  compatibility_flags?: string[]
  annotations?: Record<string, string>
}

export async function formOf({ body, type }: Call): Promise<FormData> {
  return new Response(body, { headers: { 'content-type': type } }).formData()
}

/** Adds the upload to `script` without deploying it. @throws ApiError */
export async function addVersion(account: Account, script: Script, call: Call): Promise<Version> {
  const form = await formOf(call)
  const metadata = JSON.parse(await textOf(form.get('metadata'))) as Metadata
  // Refused uploads change nothing, classes included.
  const classes = migratedClasses(script, metadata.migrations)
  const bindings = resolveInherited(
    script,
    metadata,
    call.query.get('bindings_inherit') === 'strict',
  )
  for (const binding of bindings) checkTarget(account, { ...script, classes }, binding)
  const version: Version = {
    ...facts(script, metadata),
    mainModule: metadata.main_module,
    modules: await modulesOf(form),
    bindings,
  }
  replace(script.classes, classes)
  script.migrationTag = metadata.migrations?.new_tag ?? script.migrationTag
  script.versions.push(version)
  return version
}

function facts(script: Script, metadata: Metadata) {
  return {
    id: crypto.randomUUID(),
    number: script.versions.length + 1,
    createdOn: now(),
    annotations: metadata.annotations ?? {},
    compatibilityDate: metadata.compatibility_date,
    compatibilityFlags: metadata.compatibility_flags ?? [],
  }
}

/** A version that differs from the live one in its bindings only: how secrets change. */
export function addVersionWith(script: Script, bindings: readonly Binding[]): Version {
  const live = liveVersion(script)
  const number = script.versions.length + 1
  const version = { ...live, id: crypto.randomUUID(), number, createdOn: now(), bindings }
  script.versions.push(version)
  return version
}

export function deployVersion(account: Account, script: Script, versionId: string) {
  const deployment = { id: newId(), createdOn: now(), versionId }
  script.deployments.unshift(deployment)
  account.revision++
  return deployment
}

async function modulesOf(form: FormData) {
  const files = [...form.entries()].filter(([name]) => name !== 'metadata')
  const modules = await Promise.all(
    files.map(async ([name, value]) => {
      if (typeof value === 'string') throw new ApiError(400, 10021, `${name} is no file`)
      return { name, type: value.type, content: new Uint8Array(await value.arrayBuffer()) }
    }),
  )
  return modules.filter(({ type }) => type !== 'application/source-map')
}

async function textOf(part: File | string | null): Promise<string> {
  if (part === null) throw new ApiError(400, 10021, 'the upload has no metadata')
  return typeof part === 'string' ? part : part.text()
}

function migratedClasses(script: Script, migrations: Migrations | undefined): Set<string> {
  const classes = new Set(script.classes)
  if (!migrations) return classes
  if (migrations.old_tag !== script.migrationTag) {
    throw new ApiError(
      412,
      10079,
      `Migration tag precondition failed; current tag is ${script.migrationTag}`,
    )
  }
  for (const step of migrations.steps ?? []) {
    for (const name of [...(step.new_classes ?? []), ...(step.new_sqlite_classes ?? [])]) {
      if (classes.has(name)) throw new ApiError(400, 10074, `${name} exists already`)
      classes.add(name)
    }
    for (const name of step.deleted_classes ?? []) classes.delete(name)
    for (const { from, to } of step.renamed_classes ?? []) {
      classes.delete(from)
      classes.add(to)
    }
  }
  return classes
}

/**
 * `inherit` bindings become what they were in the script's own live version, never in a
 * script of the same name elsewhere; kept kinds stay.
 *
 * @param strict `bindings_inherit=strict`, as wrangler asks: one that cannot be resolved is
 *   refused; without it the API drops the binding and says nothing
 */
function resolveInherited(
  script: Script,
  { bindings = [], keep_bindings = [] }: Metadata,
  strict: boolean,
) {
  const before = script.deployments.length > 0 ? liveVersion(script).bindings : []
  const resolved = bindings.flatMap((binding) => {
    if (binding.type !== 'inherit') return [binding]
    const old = before.find(
      ({ name }) => name === ((binding['old_name'] as string) ?? binding.name),
    )
    if (old) return [{ ...old, name: binding.name }]
    if (!strict) return []
    throw new ApiError(400, 10057, `inherit binding '${binding.name}' is invalid`)
  })
  const named = new Set(resolved.map(({ name }) => name))
  const kept = before.filter(({ name, type }) => keep_bindings.includes(type) && !named.has(name))
  return [...resolved, ...kept]
}

function checkTarget(account: Account, script: Script, binding: Binding): void {
  const member = (name: string): string => binding[name] as string
  switch (binding.type) {
    case 'service': {
      const target = member('service')
      if (target === script.name || account.scripts.has(target)) return
      throw new ApiError(
        400,
        10143,
        `Could not resolve service binding '${binding.name}'. Target script '${target}' not found`,
      )
    }
    case 'durable_object_namespace': {
      const owner = binding['script_name'] ? account.scripts.get(member('script_name')) : script
      if (owner?.classes.has(member('class_name'))) return
      throw new ApiError(
        400,
        10061,
        `Cannot create binding for class '${member('class_name')}': script or class not found`,
      )
    }
    case 'kv_namespace':
      if (account.kv.has(member('namespace_id'))) return
      throw new ApiError(400, 10041, `KV namespace '${member('namespace_id')}' not found`)
    case 'd1':
      if (account.d1.has(member('id'))) return
      throw new ApiError(400, 10181, `D1 database '${member('id')}' not found`)
    case 'r2_bucket':
      if (account.r2.has(member('bucket_name'))) return
      throw new ApiError(400, 10085, `R2 bucket '${member('bucket_name')}' not found`)
    case 'queue': {
      const queues = [...account.queues.values()]
      if (queues.some(({ queue_name }) => queue_name === member('queue_name'))) return
      throw new ApiError(400, 11000, `Queue '${member('queue_name')}' not found`)
    }
    case 'dispatch_namespace':
      if (account.namespaces.has(member('namespace'))) return
      throw new ApiError(400, 10078, `dispatch namespace '${member('namespace')}' not found`)
  }
}

function replace(set: Set<string>, values: ReadonlySet<string>): void {
  set.clear()
  for (const value of values) set.add(value)
}
