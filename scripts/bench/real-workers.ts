/** The Workers as they are deployed: their bundles, for sizes and cold starts. */
import { join } from 'node:path'
import { generateServer } from '../gen/entry.ts'
import { generateRouterConfig, ROUTER_CONFIG } from '../gen/router-config.ts'
import { DEV, readTrust } from '../gen/trust.ts'
import { ROOT } from '../root.ts'
import {
  bundleOwn,
  bundleWithWrangler,
  sizeOf,
  type BundlePlace,
  type BundleSize,
} from './bundle.ts'

const WORKERS = join(ROOT, 'workers')

export interface RealWorker {
  readonly name: string
  readonly config: string
}

/** `clock` stands for an author's server with one tool. */
export const REAL_WORKERS: readonly RealWorker[] = [
  { name: 'router', config: ROUTER_CONFIG },
  { name: 'oauth', config: join(WORKERS, 'oauth', 'wrangler.toml') },
  { name: 'durable-objects', config: join(ROOT, 'durable-objects', 'wrangler.toml') },
  { name: 'clock', config: join(WORKERS, 'clock', 'wrangler.toml') },
]

/** @returns sizes by Worker; the bundles are left in `folder` */
export async function measureOwnSizes(place: BundlePlace): Promise<Map<string, BundleSize>> {
  generateRouterConfig()
  await generateServer(WORKERS, 'clock', readTrust(DEV))
  const sizes = REAL_WORKERS.map(async ({ name, config }) => {
    const module = await bundleWithWrangler(config, name, place)
    return [name, sizeOf(join(place.folder, module))] as const
  })
  return new Map(await Promise.all(sizes))
}

/** Our own, and the peers' handlers. */
export async function measureSizes(place: BundlePlace): Promise<Map<string, BundleSize>> {
  const ours = await measureOwnSizes(place)
  const peers = ['sdk', 'agents', 'oauth-agents'].map(async (name) => {
    const module = await bundleOwn(name, place)
    return [name, sizeOf(join(place.folder, module))] as const
  })
  return new Map([...ours, ...(await Promise.all(peers))])
}
