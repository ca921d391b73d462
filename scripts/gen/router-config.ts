/**
 * `.gen/router.json`: the root wrangler.toml plus one service binding per server.
 * dev, tests and deploy pass it with `-c`; `servers.ts` of the router reads the bindings.
 */
import { join } from 'node:path'
import { experimental_readRawConfig, type Unstable_RawConfig } from 'wrangler'
import { ROOT } from '../root.ts'
import { listServers } from './sources.ts'
import { writeIfChanged } from './write-if-changed.ts'

export const ROUTER_CONFIG = join(ROOT, '.gen', 'router.json')

/** `notes-x` → `SERVER_notes_x`. One to one, because names hold no underscore. */
export const serverBinding = (name: string): string => `SERVER_${name.replaceAll('-', '_')}`

export function generateRouterConfig(): void {
  const { rawConfig } = experimental_readRawConfig({ config: join(ROOT, 'wrangler.toml') })
  const config = withServers(rawConfig, listServers(join(ROOT, 'workers')))
  writeIfChanged(ROUTER_CONFIG, `${JSON.stringify(config, null, 2)}\n`)
}

/** Paths of the result are relative to `.gen/`, where it lies. */
export function withServers(
  root: Unstable_RawConfig,
  servers: readonly string[],
): Unstable_RawConfig {
  return {
    ...root,
    ...(root.main === undefined ? {} : { main: `../${root.main}` }),
    services: [
      ...(root.services ?? []),
      ...servers.map((name) => ({ binding: serverBinding(name), service: name })),
    ],
  }
}
