/** Dispatch namespaces (Workers for Platforms) and the Workers in them. */
import { ApiError, now, type Script } from './account.ts'
import { jsonOf, type Call, type Route } from './routes.ts'
import { contentOf, emptyScript } from './scripts.ts'
import { bulkSecrets, deleteSecret, putSecret, secretsOf, settingsOf } from './settings.ts'
import { addVersion, deployVersion } from './upload.ts'

const NAMESPACES = '/workers/dispatch/namespaces'
const SCRIPT = `${NAMESPACES}/:namespace/scripts/:name`

export const dispatchRoutes: readonly Route[] = [
  [`GET ${NAMESPACES}`, ({ account }) => [...account.namespaces.keys()].map(described)],
  [`POST ${NAMESPACES}`, create],
  [
    `GET ${NAMESPACES}/:namespace`,
    (call) => (scriptsOf(call), described(call.params['namespace'])),
  ],
  [`GET ${NAMESPACES}/:namespace/scripts`, (call) => [...scriptsOf(call).keys()].map(listed)],
  [`GET ${SCRIPT}`, (call) => ({ script: listed(scriptOf(call).name) })],
  [`PUT ${SCRIPT}`, upload],
  [`DELETE ${SCRIPT}`, deleteScript],
  [`GET ${SCRIPT}/settings`, (call) => settingsOf(scriptOf(call))],
  [`GET ${SCRIPT}/content`, (call) => contentOf(scriptOf(call))],
  [`GET ${SCRIPT}/secrets`, (call) => secretsOf(scriptOf(call))],
  [`PUT ${SCRIPT}/secrets`, (call) => putSecret(scriptOf(call), call)],
  [`PATCH ${SCRIPT}/secrets-bulk`, (call) => bulkSecrets(scriptOf(call), call)],
  [`DELETE ${SCRIPT}/secrets/:key`, (call) => deleteSecret(scriptOf(call), call)],
]

const described = (name: string | undefined) => ({
  namespace_id: name,
  namespace_name: name,
  created_on: now(),
})

const listed = (name: string) => ({ id: name, created_on: now() })

function scriptsOf({ account, params }: Call): Map<string, Script> {
  const scripts = account.namespaces.get(params['namespace'] ?? '')
  if (scripts) return scripts
  throw new ApiError(404, 10222, 'dispatch namespace not found')
}

function scriptOf(call: Call): Script {
  const script = scriptsOf(call).get(call.params['name'] ?? '')
  if (script) return script
  throw new ApiError(404, 10092, 'workers.api.error.script_not_found')
}

function create(call: Call) {
  const { name } = jsonOf<{ name: string }>(call)
  if (call.account.namespaces.has(name)) throw new ApiError(400, 10223, `${name} exists already`)
  call.account.namespaces.set(name, new Map())
  return described(name)
}

async function upload(call: Call) {
  const { account, params } = call
  const name = params['name'] ?? ''
  const scripts = scriptsOf(call)
  const script = scripts.get(name) ?? emptyScript(name)
  const version = await addVersion(account, script, call)
  scripts.set(name, script)
  deployVersion(account, script, version.id)
  return { id: name, etag: version.id, startup_time_ms: 1 }
}

function deleteScript(call: Call) {
  scriptsOf(call).delete(scriptOf(call).name)
  call.account.revision++
  return null
}
