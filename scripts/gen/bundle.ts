/** esbuild with the choices wrangler makes, so that what is judged here is what will run. */
import { build, type BuildFailure, type BuildOptions, type Plugin } from 'esbuild'
import { ROOT } from '../root.ts'
import { Stop } from '../stop.ts'

/**
 * Every named import of `cloudflare:*` becomes an empty class: enough for
 * `extends DurableObject` at load time. The names sit on the prototype because
 * esbuild copies only own properties of a CommonJS module and inherits the rest.
 */
const STUB = `module.exports = Object.create(new Proxy({}, {
  get: (_, name) => (typeof name === 'symbol' || name === '__esModule' ? undefined : class {}),
}))`

const stubCloudflareModules: Plugin = {
  name: 'stub-cloudflare-modules',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: 'cloudflare-stub' }))
    onLoad({ filter: /.*/, namespace: 'cloudflare-stub' }, () => ({ contents: STUB, loader: 'js' }))
  },
}

const SHARED: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2024',
  logLevel: 'silent',
  conditions: ['workerd', 'worker', 'browser'],
  loader: { '.txt': 'text', '.html': 'text', '.sql': 'text', '.bin': 'binary', '.wasm': 'binary' },
}

/** Bundles for Node, with a map in place so that stacks name the author's lines. */
export function bundleForNode(source: string, folder: string): Promise<string> {
  return bundle(source, folder, {
    platform: 'node',
    sourcemap: 'inline',
    sourcesContent: false,
    plugins: [stubCloudflareModules],
  })
}

/** Bundles as the Worker will be; used to tell whether a build differs from the last. */
export function bundleForWorker(source: string, folder: string): Promise<string> {
  return bundle(source, folder, {
    platform: 'neutral',
    mainFields: ['browser', 'module', 'main'],
    external: ['cloudflare:*', 'node:*'],
  })
}

/** @throws Stop with the first errors, when the code does not compile */
async function bundle(source: string, folder: string, options: BuildOptions): Promise<string> {
  try {
    const { outputFiles } = await build({
      ...SHARED,
      ...options,
      stdin: { contents: source, resolveDir: folder, sourcefile: 'entry.ts', loader: 'ts' },
    })
    const [output] = outputFiles ?? []
    if (!output) throw new Error('esbuild answered without output')
    return output.text
  } catch (error) {
    throw isBuildFailure(error) ? compileError(error) : error
  }
}

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors)

function compileError({ errors }: BuildFailure): Stop {
  const [first] = errors
  const location = first?.location
  const where = location ? `${location.file}:${location.line}:${location.column + 1}` : 'bundle'
  const what = [first?.text ?? 'The bundle failed.', location?.lineText.trim()].filter(Boolean)
  return new Stop(
    where,
    what.join('\n'),
    errors.length > 1 ? `Fix it; ${errors.length - 1} more after this one.` : 'Fix it.',
  )
}
