/** Writes a new server whole, or not at all. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { devSecrets } from '../dev-secrets.ts'
import { envTypes, writeRuntimeTypes } from '../env-types.ts'
import { generateServer } from '../gen/entry.ts'
import { generateRouterConfig } from '../gen/router-config.ts'
import { DEV, readTrust } from '../gen/trust.ts'
import { ROOT } from '../root.ts'
import { Stop } from '../stop.ts'

/**
 * @param files path relative to the repository → text
 * @returns the paths that were written, to be committed
 * @throws Stop when one of them exists; then, as on every failure, nothing was written
 */
export async function createServer(
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<string[]> {
  for (const path of Object.keys(files)) {
    if (!existsSync(join(ROOT, path))) continue
    throw new Stop(path, 'It exists already.', 'Take another name, or remove the file.')
  }
  const folder = `workers/${name}`
  try {
    for (const [path, text] of Object.entries(files)) write(path, text)
    await devSecrets()
    await generateServer(join(ROOT, 'workers'), name, readTrust(DEV))
    const types = join(folder, 'env.d.ts')
    write(types, await envTypes({ config: `${folder}/wrangler.toml`, folder }))
    await writeRuntimeTypes()
    generateRouterConfig()
    return [...Object.keys(files), types]
  } catch (error) {
    rmSync(join(ROOT, folder), { recursive: true, force: true })
    for (const path of Object.keys(files)) rmSync(join(ROOT, path), { force: true })
    throw error
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true })
  writeFileSync(join(ROOT, path), text)
}
