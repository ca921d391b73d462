/** Secrets that servers require and this machine does not have: said once, when `npm run dev` starts. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { experimental_readRawConfig } from 'wrangler'

/** @param workers the folder of the servers @returns a line for each server that lacks some */
export function missingSecrets(workers: string, servers: readonly string[]): string[] {
  return servers.flatMap((server) => {
    const folder = join(workers, server)
    const { rawConfig } = experimental_readRawConfig({ config: join(folder, 'wrangler.toml') })
    const required: readonly string[] = rawConfig.secrets?.required ?? []
    const file = join(folder, '.dev.vars')
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const names = required.filter((name) => !new RegExp(`^\\s*${name}\\s*=`, 'm').test(text))
    if (names.length === 0) return []
    return [`${server} needs ${names.join(', ')}: put NAME=value into workers/${server}/.dev.vars`]
  })
}
