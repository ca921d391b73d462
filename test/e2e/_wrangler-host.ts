/** Lets the commands of a checkout run the real wrangler in one process that has loaded it (host.cjs). */
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { QUIET_WRANGLER } from '../../scripts/environment.ts'
import { ROOT } from '../../scripts/root.ts'

const HOST = join(ROOT, 'test', 'wrangler-host')
const WRANGLER = dirname(createRequire(import.meta.url).resolve('wrangler/package.json'))

export interface WranglerHost {
  /** Variables under which the checkout's wrangler runs in the host. */
  readonly env: Readonly<Record<string, string>>
  /** Variables under which it runs in processes of its own, which can be interrupted. */
  readonly ownProcesses: Readonly<Record<string, string>>
  close(): void
}

/** @param folder of the checkout, in which node_modules is replaced by links to every package */
export async function startWranglerHost(folder: string): Promise<WranglerHost> {
  linkPackages(folder)
  const socket = join(folder, '.wrangler-host')
  const child = spawn(
    process.execPath,
    [join(HOST, 'host.cjs'), join(WRANGLER, 'wrangler-dist', 'cli.js'), socket],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: folder,
      env: { ...process.env, ...QUIET_WRANGLER } as NodeJS.ProcessEnv,
    },
  )
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', () => reject(new Error('the host of wrangler ended before it began')))
  })
  const ownProcesses = { WRANGLER_BIN: join(WRANGLER, 'bin', 'wrangler.js') }
  return {
    env: { ...ownProcesses, WRANGLER_HOST: socket },
    ownProcesses,
    close: () => void child.kill(),
  }
}

/** A package is linked as it is; of wrangler's, the program alone is another. */
function linkPackages(folder: string): void {
  const [from, to] = [join(ROOT, 'node_modules'), join(folder, 'node_modules')]
  rmSync(to)
  mkdirSync(to)
  for (const name of readdirSync(from)) {
    if (name === '.bin')
      cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true })
    else if (name !== 'wrangler') symlinkSync(join(from, name), join(to, name))
  }
  const own = join(to, 'wrangler')
  mkdirSync(join(own, 'bin'), { recursive: true })
  for (const name of readdirSync(WRANGLER)) {
    if (name !== 'bin') symlinkSync(join(WRANGLER, name), join(own, name))
  }
  const bin = join(own, 'bin', 'wrangler.js')
  cpSync(join(HOST, 'bin.cjs'), bin)
  chmodSync(bin, 0o755)
}
