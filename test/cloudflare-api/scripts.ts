/** Workers of the account: upload, versions, deployments, secrets, settings, deletion. */
import { ApiError, liveVersion, now, type Account, type Script, type Version } from './account.ts'
import { jsonOf, type Call, type Route } from './routes.ts'
import { bulkSecrets, deleteSecret, putSecret, secretsOf, settingsOf } from './settings.ts'
import { addVersion, deployVersion } from './upload.ts'

export const scriptRoutes: readonly Route[] = [
  ['GET /workers/scripts', ({ account }) => [...account.scripts.values()].map(listed)],
  ['PUT /workers/scripts/:name', upload],
  ['DELETE /workers/scripts/:name', deleteScript],
  ['GET /workers/services/:name', (call) => serviceOf(scriptOf(call, 10090))],
  ['DELETE /workers/services/:name', deleteScript],
  ['GET /workers/workers/:name', workerOf],
  ['GET /workers/scripts/:name/settings', (call) => settingsOf(scriptOf(call))],
  ['GET /workers/scripts/:name/bindings', (call) => settingsOf(scriptOf(call)).bindings],
  ['PATCH /workers/scripts/:name/script-settings', (call) => listed(scriptOf(call))],
  ['GET /workers/scripts/:name/script-settings', (call) => listed(scriptOf(call))],
  ['GET /workers/scripts/:name/content/v2', (call) => contentOf(scriptOf(call))],
  ['GET /workers/scripts/:name/secrets', (call) => secretsOf(scriptOf(call))],
  ['PUT /workers/scripts/:name/secrets', (call) => putSecret(scriptOf(call), call)],
  ['PATCH /workers/scripts/:name/secrets-bulk', (call) => bulkSecrets(scriptOf(call), call)],
  ['DELETE /workers/scripts/:name/secrets/:key', (call) => deleteSecret(scriptOf(call), call)],
  ['GET /workers/scripts/:name/versions', listVersions],
  ['POST /workers/scripts/:name/versions', uploadVersion],
  ['GET /workers/scripts/:name/versions/:id', viewVersion],
  ['GET /workers/scripts/:name/deployments', (call) => deploymentsOf(scriptOf(call))],
  ['POST /workers/scripts/:name/deployments', createDeployment],
  ['GET /workers/scripts/:name/subdomain', (call) => subdomainOf(scriptOf(call))],
  ['POST /workers/scripts/:name/subdomain', setSubdomain],
  ['GET /workers/scripts/:name/schedules', (call) => ({ schedules: scriptOf(call).schedules })],
  ['PUT /workers/scripts/:name/schedules', setSchedules],
  ['GET /workers/scripts/:name/references', references],
  ['PUT /workers/scripts/:name/domains/records', setDomains],
  ['POST /workers/scripts/:name/domains/changeset', domainChanges],
]

/** @param code of the refusal: the API has one for services and one for scripts */
function scriptOf({ account, params }: Call, code = 10007): Script {
  const script = account.scripts.get(params['name'] ?? '')
  if (script) return script
  throw new ApiError(404, code, 'This Worker does not exist on your account.')
}

export function emptyScript(name: string): Script {
  return {
    name,
    createdOn: now(),
    versions: [],
    deployments: [],
    classes: new Set(),
    migrationTag: undefined,
    workersDev: false,
    schedules: [],
  }
}

const listed = (script: Script) => ({
  id: script.name,
  tag: script.name,
  name: script.name,
  migration_tag: script.migrationTag,
  created_on: script.createdOn,
  modified_on: script.deployments[0]?.createdOn,
  handlers: ['fetch'],
  last_deployed_from: 'wrangler',
})

const serviceOf = (script: Script) => ({
  id: script.name,
  default_environment: { environment: 'production', script: listed(script) },
  environments: [{ environment: 'production' }],
})

const versionView = (version: Version) => ({
  id: version.id,
  number: version.number,
  startup_time_ms: 1,
  metadata: { created_on: version.createdOn, source: 'wrangler', author_email: '' },
  annotations: version.annotations,
  resources: {
    script: { etag: version.id, handlers: ['fetch'], last_deployed_from: 'wrangler' },
    script_runtime: {
      compatibility_date: version.compatibilityDate,
      compatibility_flags: version.compatibilityFlags,
    },
    bindings: version.bindings,
  },
})

async function upload(call: Call) {
  const { account, params } = call
  const name = params['name'] ?? ''
  const script = account.scripts.get(name) ?? emptyScript(name)
  const version = await addVersion(account, script, call)
  account.scripts.set(name, script)
  deployVersion(account, script, version.id)
  return { ...listed(script), etag: version.id, deployment_id: version.id, startup_time_ms: 1 }
}

async function uploadVersion(call: Call) {
  const version = await addVersion(call.account, scriptOf(call), call)
  return versionView(version)
}

function viewVersion(call: Call) {
  const version = scriptOf(call).versions.find(({ id }) => id === call.params['id'])
  if (!version) throw new ApiError(404, 10007, 'version not found')
  return versionView(version)
}

function listVersions(call: Call) {
  return { items: scriptOf(call).versions.map(versionView).reverse() }
}

const deploymentsOf = ({ deployments }: Script) => ({
  deployments: deployments.map(({ id, createdOn, versionId }) => ({
    id,
    created_on: createdOn,
    source: 'wrangler',
    strategy: 'percentage',
    author_email: '',
    annotations: {},
    versions: [{ version_id: versionId, percentage: 100 }],
  })),
})

function createDeployment(call: Call) {
  const { versions } = jsonOf<{ versions: { version_id: string }[] }>(call)
  return deployVersion(call.account, scriptOf(call), versions[0]?.version_id ?? '')
}

const subdomainOf = ({ workersDev }: Script) => ({ enabled: workersDev, previews_enabled: false })

function workerOf(call: Call) {
  const script = scriptOf(call)
  return { ...listed(script), subdomain: subdomainOf(script), references: {} }
}

function setSubdomain(call: Call) {
  const script = scriptOf(call)
  script.workersDev = jsonOf<{ enabled: boolean }>(call).enabled
  call.account.revision++
  return subdomainOf(script)
}

function setSchedules(call: Call) {
  const script = scriptOf(call)
  script.schedules = jsonOf<{ cron: string }[]>(call)
  return { schedules: script.schedules }
}

function domainChanges() {
  return { added: [], removed: [], updated: [], conflicting: [] }
}

function setDomains(call: Call) {
  const { origins } = jsonOf<{ origins: { hostname: string }[] }>(call)
  for (const { hostname } of origins) {
    call.account.domains.set(hostname, { hostname, service: scriptOf(call).name })
  }
  return origins
}

/** Workers whose live version is bound to `name`. */
function usersOf(account: Account, name: string, member: 'service' | 'script_name'): string[] {
  const uses = (script: Script): boolean =>
    script.name !== name && liveVersion(script).bindings.some((binding) => binding[member] === name)
  return [...account.scripts.values()].filter(uses).map((script) => script.name)
}

function references(call: Call) {
  const { name } = scriptOf(call)
  const services = usersOf(call.account, name, 'service')
  const objects = usersOf(call.account, name, 'script_name')
  return {
    services: {
      incoming: services.map((service) => ({ service, environment: 'production', name })),
      outgoing: [],
    },
    durable_objects: objects.map((service) => ({ service, durable_object_namespace_name: name })),
  }
}

function deleteScript(call: Call) {
  const { name } = scriptOf(call, 10090)
  const users = usersOf(call.account, name, 'service')
  if (users.length > 0 && call.query.get('force') !== 'true') {
    throw new ApiError(400, 10064, `Cannot delete ${name}: bound by ${users.join(', ')}`)
  }
  call.account.scripts.delete(name)
  call.account.revision++
  return {}
}

/** Multipart, as it was uploaded. */
export async function contentOf(script: Script) {
  const form = new FormData()
  for (const { name, type, content } of liveVersion(script).modules) {
    form.set(name, new File([content], name, { type }))
  }
  const response = new Response(form)
  const type = response.headers.get('content-type') ?? ''
  return { status: 200, type, rawBody: new Uint8Array(await response.arrayBuffer()) }
}
