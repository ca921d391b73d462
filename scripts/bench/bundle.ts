/** Worker bundles: ours as wrangler deploys them, the bench's own as wrangler would. */
import { execFile } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { QUIET_WRANGLER } from '../environment.ts'
import { DEV, ENVIRONMENT_VARIABLE } from '../gen/trust.ts'
import { ROOT } from '../root.ts'

const run = promisify(execFile)
const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')

/** Where bundles go, and how. */
export interface BundlePlace {
  /** Absolute. */
  readonly folder: string
  /** As deployed; not for profiles, which need names. */
  readonly minify: boolean
}

export interface BundleSize {
  readonly minifiedBytes: number
  readonly gzipBytes: number
}

/** What a configuration deploys; built once a run. @returns the module's path, relative to the folder */
export async function bundleWithWrangler(
  config: string,
  name: string,
  { folder, minify }: BundlePlace,
): Promise<string> {
  const key = `${config} ${minify}`
  let building = built.get(key)
  if (!building) {
    building = deployDry(config, join(folder, name), minify)
    built.set(key, building)
  }
  const module = `${name}.js`
  copyFileSync(await building, join(folder, module))
  return module
}

const built = new Map<string, Promise<string>>()

async function deployDry(config: string, outdir: string, minify: boolean): Promise<string> {
  const args = ['deploy', '--dry-run', '--outdir', outdir, '-c', config]
  if (minify) args.push('--minify')
  await run(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...QUIET_WRANGLER, [ENVIRONMENT_VARIABLE]: DEV },
  })
  // A Worker's entry keeps its file's name.
  const [module, ...others] = readdirSync(outdir).filter((file) => file.endsWith('.js'))
  if (module === undefined || others.length > 0) throw new Error(`not one module in ${outdir}`)
  return join(outdir, module)
}

/** A Worker of `scripts/bench/workers`. @returns the module's path, relative to the folder */
export async function bundleOwn(name: string, place: BundlePlace): Promise<string> {
  const entry = join(import.meta.dirname, 'workers', `${name}.ts`)
  return bundleWithEsbuild(entry, name, place)
}

/** esbuild with wrangler's settings. @returns the module's path, relative to the folder */
export async function bundleWithEsbuild(
  entry: string,
  name: string,
  { folder, minify }: BundlePlace,
): Promise<string> {
  const module = `${name}.js`
  await build({
    entryPoints: [entry],
    outfile: join(folder, module),
    absWorkingDir: ROOT,
    bundle: true,
    minify,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*', ...builtinModules],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  return module
}

export function sizeOf(module: string): BundleSize {
  const bytes = readFileSync(module)
  return { minifiedBytes: bytes.byteLength, gzipBytes: gzipSync(bytes).byteLength }
}
