/** The name of a server to be made: refused with one that would do. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isServerName } from '#shared/protocol/names.ts'
import { ROOT } from '../root.ts'
import { Stop } from '../stop.ts'

/** @throws Stop for a name that cannot be a server's, is kept by the platform, or is taken */
export function serverName(name: string, workersFolder = join(ROOT, 'workers')): string {
  const where = `npm run new ${name}`
  if (!isServerName(name)) {
    throw new Stop(
      where,
      /^[a-z][a-z0-9-]*$/.test(name) && isServerName(`my-${name}`)
        ? `"${name}" is a name the platform keeps for itself.`
        : `"${name}" cannot be a server's name: it becomes a URL and a Worker name.`,
      `Take lower-case letters and digits, words joined by single hyphens, at most 40 characters; e.g. npm run new ${suggestion(name)}`,
    )
  }
  if (existsSync(join(workersFolder, name))) {
    throw new Stop(
      where,
      `workers/${name} exists already.`,
      `Add a tool to it (workers/${name}/tools/<tool>.ts), or take another name.`,
    )
  }
  return name
}

const FALLBACK = 'my-server'

/** The nearest name that would do. */
function suggestion(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
  const [near, prefixed] = [words.join('-'), ['my', ...words].join('-')]
  return [near, prefixed].find(isServerName) ?? FALLBACK
}
