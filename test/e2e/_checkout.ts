/**
 * A checkout of its own: the files of this repository as they are now, with its
 * node_modules, in a temporary folder. For tests that add and break author files.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ROOT } from '../../scripts/root.ts'

export interface Checkout {
  readonly folder: string
  read(path: string): string
  write(path: string, text: string): void
  remove(path: string): void
  /** Runs a program of node_modules/.bin, or `node`; output is both streams. */
  run(program: string, ...args: string[]): { status: number | null; output: string }
  [Symbol.dispose](): void
}

export function createCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-checkout-'))
  for (const path of trackedFiles()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(ROOT, path), join(folder, path))
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const at = (path: string): string => join(folder, path)
  return {
    folder,
    read: (path) => readFileSync(at(path), 'utf8'),
    write(path, text) {
      mkdirSync(dirname(at(path)), { recursive: true })
      writeFileSync(at(path), text)
    },
    remove: (path) => rmSync(at(path), { recursive: true }),
    run(program, ...args) {
      const { status, stdout, stderr } = spawnSync(program, args, {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${at('node_modules/.bin')}:${process.env['PATH']}` },
      })
      return { status, output: stdout + stderr }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** What is committed or about to be: generated and ignored files are not part of a checkout. */
function trackedFiles(): string[] {
  const git = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = spawnSync('git', git, { cwd: ROOT, encoding: 'utf8' })
  const deleted = spawnSync('git', ['ls-files', '-z', '--deleted'], { cwd: ROOT, encoding: 'utf8' })
  const gone = new Set(deleted.stdout.split('\0'))
  return stdout.split('\0').filter((path) => path !== '' && !gone.has(path))
}
