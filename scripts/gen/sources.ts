/**
 * What an author wrote: the folders of `workers/` that are servers, and of one
 * server its tool files (or a hand-written `server.ts`). Loads none of them.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isServerName, isToolName, RESERVED_NAMES } from '#shared/protocol/names.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { checkServerConfig } from './server-config.ts'

/** Folders of `workers/` that are the platform's own Workers, not MCP servers. */
const PLATFORM_WORKERS: ReadonlySet<string> = new Set(['router', 'oauth'])

export interface ToolFile {
  readonly name: string
  readonly path: string
}

export interface ServerSource {
  readonly name: string
  /** The server's folder, absolute. */
  readonly folder: string
  /** `server.ts`, when the author wrote the server by hand; then `tools` is empty. */
  readonly handWritten?: string
  readonly tools: readonly ToolFile[]
}

/** @throws Stop for a folder whose name cannot be a server's */
export function listServers(workersFolder: string): string[] {
  const names = readdirSync(workersFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .filter((name) => !PLATFORM_WORKERS.has(name))
    .sort()
  for (const name of names) checkServerName(join(workersFolder, name), name)
  return names
}

/** @throws Stop for a name that cannot be served, and for a folder with nothing to serve */
export function readServerSource(workersFolder: string, name: string): ServerSource {
  const folder = join(workersFolder, name)
  checkServerName(folder, name)
  if (!existsSync(folder)) {
    throw new Stop(
      shown(folder),
      'There is no such server.',
      `Servers: ${listServers(workersFolder).join(', ') || 'none'}.`,
    )
  }
  const handWritten = join(folder, 'server.ts')
  const byHand = existsSync(handWritten)
  const tools = byHand ? [] : listTools(join(folder, 'tools'))
  if (!byHand && tools.length === 0) {
    throw new Stop(
      shown(folder),
      'The server has no tools.',
      `Write ${shown(join(folder, 'tools'))}/<tool>.ts with \`export default defineTool({ … })\`, or a server.ts.`,
    )
  }
  checkServerConfig(folder, name)
  return { name, folder, tools, ...(byHand ? { handWritten } : {}) }
}

function checkServerName(folder: string, name: string): void {
  if (isServerName(name)) return
  if (RESERVED_NAMES.has(name)) {
    throw new Stop(
      shown(folder),
      `"${name}" is a name the platform keeps for itself.`,
      `Rename the folder, e.g. to ${name}-tools.`,
    )
  }
  throw new Stop(
    shown(folder),
    `"${name}" cannot be a server's name (it becomes a URL and a Worker name).`,
    'Rename the folder: lower-case letters and digits, words joined by single hyphens, at most 40 characters.',
  )
}

/** Code that looks like a tool and would be left out. */
const OTHER_CODE = /\.([cm]?jsx?|[cm]ts|tsx)$/

function listTools(folder: string): ToolFile[] {
  if (!existsSync(folder)) return []
  const files = readdirSync(folder)
  const leftOut = files.find((file) => OTHER_CODE.test(file) && !file.startsWith('.'))
  if (leftOut !== undefined) {
    throw new Stop(
      shown(join(folder, leftOut)),
      'Tools are .ts files: this one would be left out.',
      `Rename it to ${leftOut.replace(OTHER_CODE, '.ts')}, or move it out of tools/.`,
    )
  }
  const tools = files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.startsWith('.'))
    .sort()
    .map((file) => ({ name: file.slice(0, -'.ts'.length), path: join(folder, file) }))
  for (const tool of tools) checkToolName(tool)
  const [one, other] = twinsOf(tools) ?? []
  if (one && other) {
    throw new Stop(
      `${shown(one.path)}, ${shown(other.path)}`,
      'Two tools of one name: they differ only in case, which neither models nor all file systems tell apart.',
      'Rename one of the files.',
    )
  }
  return tools
}

/** Two whose names differ only in case. */
export function twinsOf<Item extends { readonly name: string }>(
  items: readonly Item[],
): readonly [Item, Item] | undefined {
  const seen = new Map<string, Item>()
  for (const item of items) {
    const key = item.name.toLowerCase()
    const other = seen.get(key)
    if (other) return [other, item]
    seen.set(key, item)
  }
  return undefined
}

function checkToolName({ name, path }: ToolFile): void {
  if (isToolName(name)) return
  throw new Stop(
    shown(path),
    `"${name}" cannot be a tool's name: claude.ai drops a whole server for one such name.`,
    'Rename the file: 1 to 64 of A-Z a-z 0-9 _ - before ".ts".',
  )
}
