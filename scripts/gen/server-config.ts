/**
 * What a server's wrangler.toml must say for the platform to find it. Reads two
 * lines by pattern: loading wrangler for it would double the time of every build.
 */
import { join } from 'node:path'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { readIfPresent } from './write-if-changed.ts'

const MAIN = '.gen/index.ts'

/** @throws Stop when the Worker would have another name than its folder, or serve another file */
export function checkServerConfig(folder: string, name: string): void {
  const path = join(folder, 'wrangler.toml')
  const text = readIfPresent(path)
  // Fixtures of tests are configured by the test.
  if (text === undefined) return
  const stated = { name: valueOf(text, 'name'), main: valueOf(text, 'main') }
  for (const [key, expected] of Object.entries({ name, main: MAIN })) {
    const value = stated[key as keyof typeof stated]
    if (value === expected) continue
    throw new Stop(
      shown(path),
      value === undefined ? `It sets no ${key}.` : `Its ${key} is "${value}".`,
      `Write: ${key} = "${expected}"`,
    )
  }
}

/** Whether the Worker has modules of Node. */
export function hasNodeModules(folder: string): boolean {
  const text = readIfPresent(join(folder, 'wrangler.toml')) ?? ''
  return /^\s*compatibility_flags\s*=\s*\[[^\]]*["']nodejs_compat["']/m.test(text)
}

/** Whether the Worker reaches PLATFORM. Fixtures of tests, which have no file, do. */
export function bindsPlatform(folder: string): boolean {
  const text = readIfPresent(join(folder, 'wrangler.toml'))
  return text === undefined || /^[^#\n]*\bbinding\s*=\s*["']PLATFORM["']/m.test(text)
}

/** The value of a top-level key: one that stands before the first table. */
function valueOf(text: string, key: string): string | undefined {
  const [top = ''] = text.split(/^\s*\[/m)
  return new RegExp(`^\\s*${key}\\s*=\\s*["']([^"'\\n]*)["']`, 'm').exec(top)?.[1]
}
