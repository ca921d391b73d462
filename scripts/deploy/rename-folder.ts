/** The local half of a rename: folder, the two lines of its configuration, its test. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT, shown } from '../root.ts'
import { serverConfigPath } from './config.ts'

/** @returns what was changed, a line each */
export function renameFolder(from: string, to: string): string[] {
  const folder = dirname(serverConfigPath(to))
  // Generated for the old name; the next build writes it anew.
  rmSync(join(ROOT, 'workers', from, '.gen'), { recursive: true, force: true })
  renameSync(dirname(serverConfigPath(from)), folder)
  edit(serverConfigPath(to), (text) =>
    text
      .replace(`name = "${from}"`, `name = "${to}"`)
      .replace(`mcp-edge-gen ${from}"`, `mcp-edge-gen ${to}"`),
  )
  return [`✓ ${shown(folder)}`, ...renameTest(from, to)]
}

function renameTest(from: string, to: string): string[] {
  const test = (name: string): string => join(ROOT, 'test', 'unit', 'servers', `${name}.test.ts`)
  if (!existsSync(test(from)) || existsSync(test(to))) return []
  renameSync(test(from), test(to))
  edit(test(to), (text) => text.replaceAll(`workers/${from}/`, `workers/${to}/`))
  return [`✓ ${shown(test(to))}`]
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}
