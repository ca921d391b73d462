/** A platform whose storage lies where a test finds it, and the loss of all that its objects hold. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlatform, type Platform, type PlatformOptions } from './_platform.ts'
import { restart } from './_restart.ts'

export interface Losable {
  readonly platform: Platform
  /** Deletes what every object has stored; KV, R2, code and secrets stay. */
  loseObjects(): Promise<void>
  close(): Promise<void>
}

export async function startLosable(options: PlatformOptions): Promise<Losable> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-lost-'))
  const before = process.env['TMPDIR']
  // The harness keeps its storage in a folder for temporary files.
  process.env['TMPDIR'] = folder
  const platform = await startPlatform(options)
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
  return {
    platform,
    async loseObjects() {
      const stored = objectFolders(folder)
      if (stored.length === 0) throw new Error('no object has stored anything')
      for (const path of stored) rmSync(path, { recursive: true })
      await restart(platform)
    },
    async close() {
      await platform.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** One for each class: `…/do/<Worker>-<class>`. */
function objectFolders(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith('mcp-edge-objects-'))
    .map(({ parentPath, name }) => join(parentPath, name))
}
