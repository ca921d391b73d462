/**
 * The configurations `npm run dev` starts: copies of the committed ones with this
 * run's origin, and the development secrets beside them in `.dev.vars`, where
 * wrangler takes them for secrets and does not print them.
 */
import { join } from 'node:path'
import { experimental_readRawConfig } from 'wrangler'
import { devSecrets } from './dev-secrets.ts'
import { DEV } from './gen/trust.ts'
import { ROUTER_CONFIG } from './gen/router-config.ts'
import { listServers } from './gen/sources.ts'
import { SECRET_FILE_MODE, writeIfChanged } from './gen/write-if-changed.ts'
import { machineSecrets, readRegistry, registryFile } from './machine-registry.ts'
import { ROOT } from './root.ts'

const OBJECTS_CONFIG = join(ROOT, 'durable-objects', 'wrangler.toml')
const OAUTH_CONFIG = join(ROOT, 'workers', 'oauth', 'wrangler.toml')

/**
 * @param folder of this run alone: wrangler watches what it was started with
 * @returns paths for wrangler's `-c`, the router first: the first Worker is the one with the port
 */
export async function writeDevConfigs(
  folder: string,
  publicOrigin: string,
  ownerLink: string,
): Promise<string[]> {
  const secrets = await devSecrets()
  const origins = { PUBLIC_ORIGIN: publicOrigin, ISSUER: publicOrigin }
  return [
    write(
      join(folder, 'router'),
      ROUTER_CONFIG,
      { ...origins, REBUILD_CHECK_SECONDS: '0' },
      secrets.router,
    ),
    write(
      join(folder, 'oauth'),
      OAUTH_CONFIG,
      { ...origins, OWNER_LINK: ownerLink },
      { ...secrets.oauth, ...machineSecrets(readRegistry(registryFile(DEV))) },
    ),
    write(join(folder, 'objects'), OBJECTS_CONFIG, {}, secrets.objects),
    ...listServers(join(ROOT, 'workers')).map((name) =>
      join(ROOT, 'workers', name, 'wrangler.toml'),
    ),
  ]
}

function write(
  folder: string,
  source: string,
  vars: Record<string, string>,
  secrets: Record<string, string>,
): string {
  const { rawConfig } = experimental_readRawConfig({ config: source })
  if (rawConfig.main === undefined) throw new Error(`${source} names no main`)
  const path = join(folder, 'wrangler.json')
  const config = {
    ...rawConfig,
    main: join(source, '..', rawConfig.main),
    vars: { ...rawConfig.vars, ...vars },
    // Wrangler hands over no other secret of the file.
    secrets: { required: Object.keys(secrets) },
  }
  writeIfChanged(path, `${JSON.stringify(config, null, 2)}\n`)
  writeIfChanged(join(folder, '.dev.vars'), dotenv(secrets), SECRET_FILE_MODE)
  return path
}

/** Single quotes: the values are JSON and base64url, which hold none. */
const dotenv = (values: Record<string, string>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('')
