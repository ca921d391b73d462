/** A Worker's bindings as the API shows them, and its secrets, which it never shows. */
import { ApiError, liveVersion, type Binding, type Script } from './account.ts'
import { jsonOf, type Call } from './routes.ts'
import { addVersionWith, deployVersion } from './upload.ts'

const SECRET = 'secret_text'

interface NewSecret {
  readonly name: string
  readonly text: string
}

/** Secrets without their text. */
export function settingsOf(script: Script) {
  const { bindings, compatibilityDate, compatibilityFlags } = liveVersion(script)
  return {
    bindings: bindings.map((binding) =>
      binding.type === SECRET ? { type: SECRET, name: binding.name } : binding,
    ),
    compatibility_date: compatibilityDate,
    compatibility_flags: compatibilityFlags,
    usage_model: 'standard',
    migration_tag: script.migrationTag,
    tags: [],
  }
}

export const secretsOf = (script: Script) =>
  liveVersion(script)
    .bindings.filter(({ type }) => type === SECRET)
    .map(({ name }) => ({ name, type: SECRET }))

export function putSecret(script: Script, call: Call) {
  const { name, text } = jsonOf<NewSecret>(call)
  change(script, call, new Map([[name, text]]))
  return { name, type: SECRET }
}

export function bulkSecrets(script: Script, call: Call) {
  const { secrets } = jsonOf<{ secrets: Record<string, NewSecret | null> }>(call)
  change(
    script,
    call,
    new Map(Object.entries(secrets).map(([name, secret]) => [name, secret?.text ?? null])),
  )
  return secretsOf(script)
}

export function deleteSecret(script: Script, call: Call) {
  const key = call.params['key'] ?? ''
  if (!secretsOf(script).some(({ name }) => name === key)) {
    throw new ApiError(404, 10056, `Secret ${key} not found`)
  }
  change(script, call, new Map([[key, null]]))
  return null
}

/** @param changes null = delete */
function change(
  script: Script,
  { account }: Call,
  changes: ReadonlyMap<string, string | null>,
): void {
  const before = liveVersion(script).bindings
  const clash = before.find(({ name, type }) => changes.has(name) && type !== SECRET)
  if (clash) throw new ApiError(400, 10053, `Binding name '${clash.name}' already in use`)
  const added: Binding[] = [...changes]
    .filter(([, text]) => text !== null)
    .map(([name, text]) => ({ type: SECRET, name, text }))
  const version = addVersionWith(script, [
    ...before.filter(({ name }) => !changes.has(name)),
    ...added,
  ])
  deployVersion(account, script, version.id)
}
