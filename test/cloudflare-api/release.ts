/**
 * A whole release as it was uploaded, in one file: what an upgrade test starts from.
 * Secrets are not in it; whoever loads it brings keys of its own.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  liveVersion,
  now,
  type Account,
  type Binding,
  type Script,
  type Version,
} from './account.ts'
import { emptyScript } from './scripts.ts'

interface StoredScript {
  name: string
  classes: string[]
  migrationTag: string | null
  version: Omit<Version, 'modules'> & { modules: { name: string; type: string; text: string }[] }
}

interface Release {
  /** The origin and the trust anchor's `x` it was built with. */
  origin: string
  anchor: string
  kv: string[]
  scripts: StoredScript[]
}

/** What differs between the recording and the test that runs it. */
export interface ReleaseSetting {
  readonly origin: string
  /** `x` of the anchor servers shall trust. */
  readonly anchor: string
  /** Worker → secret → text. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export function saveRelease(account: Account, file: string, origin: string, anchor: string): void {
  const kv = [...account.kv.values()].map(({ title }) => title)
  const ids = new Map([...account.kv.values()].map(({ id, title }) => [id, title]))
  const scripts = [...account.scripts.values()].map((script) => stored(script, ids))
  const release: Release = { origin, anchor, kv, scripts }
  writeFileSync(file, gzipSync(JSON.stringify(release), { level: 9 }))
}

function stored(script: Script, kvTitles: ReadonlyMap<string, string>): StoredScript {
  const { modules, bindings, ...version } = liveVersion(script)
  return {
    name: script.name,
    classes: [...script.classes],
    migrationTag: script.migrationTag ?? null,
    version: {
      ...version,
      bindings: bindings.map((binding) => withoutSecret(binding, kvTitles)),
      modules: modules.map(({ name, type, content }) => ({
        name,
        type,
        text: new TextDecoder().decode(content),
      })),
    },
  }
}

/** A KV namespace by its title: its id is another one in each account. */
function withoutSecret(binding: Binding, kvTitles: ReadonlyMap<string, string>): Binding {
  if (binding.type === 'secret_text') return { type: binding.type, name: binding.name }
  if (binding.type !== 'kv_namespace') return binding
  return { ...binding, namespace_id: kvTitles.get(binding['namespace_id'] as string) }
}

/** Puts the release on an empty account, as its deploy did. */
export function loadRelease(account: Account, file: string, setting: ReleaseSetting): void {
  const release = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Release
  for (const title of release.kv) account.kv.set(title, { id: title, title, values: new Map() })
  for (const script of release.scripts) {
    account.scripts.set(script.name, restored(script, release, setting))
  }
  account.revision++
}

function restored(script: StoredScript, release: Release, setting: ReleaseSetting): Script {
  const { modules, bindings, ...facts } = script.version
  const version: Version = {
    ...facts,
    bindings: bindings.map((binding) => rebound(binding, script.name, release, setting)),
    modules: modules.map(({ name, type, text }) => ({
      name,
      type,
      content: bytesOf(text.replaceAll(release.anchor, setting.anchor)),
    })),
  }
  return {
    ...emptyScript(script.name),
    classes: new Set(script.classes),
    migrationTag: script.migrationTag ?? undefined,
    versions: [version],
    deployments: [{ id: 'first', createdOn: now(), versionId: version.id }],
  }
}

function rebound(
  binding: Binding,
  worker: string,
  release: Release,
  setting: ReleaseSetting,
): Binding {
  if (binding.type === 'secret_text') {
    return { ...binding, text: setting.secrets[worker]?.[binding.name] }
  }
  return binding['text'] === release.origin ? { ...binding, text: setting.origin } : binding
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Buffer.from(text)
