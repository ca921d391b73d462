/** A wrangler configuration as a workerd service: what is deployed is what is measured. */
import { experimental_readRawConfig, type Unstable_RawConfig } from 'wrangler'
import type { Binding, WorkerService } from './capnp.ts'
import { bundleWithWrangler, type BundlePlace } from './bundle.ts'
import { COMPATIBILITY_DATE } from './target.ts'

/** Name of the service behind every KV binding. */
export const KV_SERVICE = 'kv'

export interface ConfigOptions {
  /** Variables that differ from the configuration's, and secrets. */
  readonly text: Readonly<Record<string, string>>
  /** Names of the services this deployment has; bindings to others are left out. */
  readonly present: ReadonlySet<string>
}

/** Bundles what `config` deploys and translates its bindings. */
export async function serviceOfConfig(
  config: string,
  place: BundlePlace,
  options: ConfigOptions,
): Promise<WorkerService> {
  const { rawConfig } = experimental_readRawConfig({ config })
  const { name } = rawConfig
  if (name === undefined) throw new Error(`${config} names no Worker`)
  return {
    ...serviceSettings(rawConfig, name, options),
    module: await bundleWithWrangler(config, name, place),
  }
}

/** Pure part: everything but the bundle. */
export function serviceSettings(
  raw: Unstable_RawConfig,
  name: string,
  { text, present }: ConfigOptions,
): Omit<WorkerService, 'module'> {
  const bindings: Record<string, Binding> = {}
  for (const [variable, value] of Object.entries({ ...raw.vars, ...text })) {
    bindings[variable] = { text: typeof value === 'string' ? value : JSON.stringify(value) }
  }
  for (const { binding } of raw.kv_namespaces ?? []) bindings[binding] = { kv: KV_SERVICE }
  for (const { binding, service, entrypoint } of raw.services ?? []) {
    if (!present.has(service)) continue
    bindings[binding] = entrypoint === undefined ? { service } : { service, entrypoint }
  }
  for (const { name: variable, class_name, script_name } of raw.durable_objects?.bindings ?? []) {
    if (script_name !== undefined && !present.has(script_name)) continue
    bindings[variable] = {
      object: class_name,
      ...(script_name === undefined ? {} : { service: script_name }),
    }
  }
  return {
    name,
    compatibilityDate: raw.compatibility_date ?? COMPATIBILITY_DATE,
    compatibilityFlags: raw.compatibility_flags ?? [],
    bindings,
    classes: (raw.migrations ?? []).flatMap((migration) => migration.new_sqlite_classes ?? []),
  }
}
