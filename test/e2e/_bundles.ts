/**
 * The platform's Workers and the servers of workers/, bundled once a run (`_generate.ts`) with
 * wrangler's settings: a start of a platform then bundles nothing. It was more than half of what
 * a start cost. That these are the bundles wrangler makes: bundle-size.test.ts.
 */
import { dirname, join, relative } from 'node:path'
import { experimental_readRawConfig } from 'wrangler'
import { bundleWithEsbuild } from '../../scripts/bench/bundle.ts'
import { ROUTER_CONFIG } from '../../scripts/gen/router-config.ts'
import { listServers } from '../../scripts/gen/sources.ts'
import { writeIfChanged } from '../../scripts/gen/write-if-changed.ts'
import { ROOT } from '../../scripts/root.ts'

const FOLDER = join(ROOT, '.gen', 'e2e')

const serverNames = (): string[] => listServers(join(ROOT, 'workers'))

/** Absolute path of the configuration of a platform Worker, or of a server of workers/. */
const configOf = (name: string): string => {
  if (name === 'router') return ROUTER_CONFIG
  return join(ROOT, name === 'objects' ? 'durable-objects' : `workers/${name}`, 'wrangler.toml')
}

/** Names of {@link configOf}. */
export const bundledWorkers = (): string[] => ['router', 'oauth', 'objects', ...serverNames()]

/** Path of a Worker's bundle, alone in its folder: every module beside it would be uploaded. */
export const bundleOf = (name: string): string => join(FOLDER, name, 'index.js')

/** Bundles them all, and writes a configuration beside each that says so. */
export async function bundleWorkers(): Promise<void> {
  await Promise.all(bundledWorkers().map(bundleWorker))
}

async function bundleWorker(name: string): Promise<void> {
  const config = configOf(name)
  const { build: _ran, ...settings } = experimental_readRawConfig({ config }).rawConfig
  const entry = join(dirname(config), settings.main ?? '')
  await bundleWithEsbuild(entry, 'index', { folder: join(FOLDER, name), minify: true })
  const main = relative(FOLDER, bundleOf(name))
  writeIfChanged(bundledConfig(name), JSON.stringify({ ...settings, main, no_bundle: true }))
}

/** Path of the configuration that runs the bundle; all else is as committed. */
export const bundledConfig = (name: string): string => join(FOLDER, `${name}.json`)
