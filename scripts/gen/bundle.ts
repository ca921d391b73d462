/** esbuild with the choices wrangler makes, so that what is judged here is what will run. */
import { isBuiltin } from 'node:module'
import { relative } from 'node:path'
import {
  build,
  type BuildFailure,
  type BuildOptions,
  type Message,
  type Metafile,
  type Plugin,
} from 'esbuild'
import { ROOT } from '../root.ts'
import { Stop } from '../stop.ts'
import { findCycle } from './import-cycle.ts'

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

/** What would load here, in Node, and fail in a Worker. */
const refuseNodeModules: Plugin = {
  name: 'refuse-node-modules',
  setup({ onResolve }) {
    onResolve({ filter: /^[\w:/]+$/ }, ({ path }) =>
      isBuiltin(path)
        ? { errors: [{ text: `"${path}" is a module of Node, which Workers do not have` }] }
        : undefined,
    )
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

/**
 * Bundles for Node, with a map in place so that stacks name the author's lines.
 *
 * @param nodeModules whether the Worker has modules of Node (`nodejs_compat`)
 */
export async function bundleForNode(
  source: string,
  folder: string,
  nodeModules: boolean,
): Promise<string> {
  const { text, metafile, warnings } = await bundle(source, folder, {
    platform: 'node',
    sourcemap: 'inline',
    sourcesContent: false,
    plugins: [stubCloudflareModules, ...(nodeModules ? [] : [refuseNodeModules])],
  })
  refuseCycle(metafile, folder)
  refuseTwice(warnings, folder)
  return text
}

/** Of two tools under one key the first would silently be gone. */
function refuseTwice(warnings: readonly Message[], folder: string): void {
  const twice = warnings.find(
    ({ id, location }) =>
      id === 'duplicate-object-key' && location?.file.startsWith(`${relative(ROOT, folder)}/`),
  )
  if (twice) throw messageStop([twice], 'Keep one of the two, or rename it.')
}

function refuseCycle(metafile: Metafile, folder: string): void {
  const authors = `${relative(ROOT, folder)}/`
  const isAuthors = (path: string) => path.startsWith(authors) && !path.includes('node_modules/')
  const cycle = findCycle(metafile, isAuthors)
  if (!cycle) return
  throw new Stop(
    cycle[0] ?? authors,
    `Files import each other in a circle, so one of them is read before it is there:\n${cycle.join('\n→ ')}`,
    'Move what they share into a file that imports none of them.',
  )
}

/** Bundles as the Worker will be; used to tell whether a build differs from the last. */
export async function bundleForWorker(source: string, folder: string): Promise<string> {
  const { text } = await bundle(source, folder, {
    platform: 'neutral',
    mainFields: ['browser', 'module', 'main'],
    external: ['cloudflare:*', 'node:*'],
  })
  return text
}

/** @throws Stop with the first errors, when the code does not compile */
async function bundle(
  source: string,
  folder: string,
  options: BuildOptions,
): Promise<{ text: string; metafile: Metafile; warnings: readonly Message[] }> {
  try {
    const { outputFiles, metafile, warnings } = await build({
      ...SHARED,
      ...options,
      metafile: true,
      stdin: { contents: source, resolveDir: folder, sourcefile: 'entry.ts', loader: 'ts' },
    })
    const [output] = outputFiles ?? []
    if (!output) throw new Error('esbuild answered without output')
    return { text: output.text, metafile, warnings }
  } catch (error) {
    throw isBuildFailure(error) ? messageStop(error.errors) : error
  }
}

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors)

function messageStop(messages: readonly Message[], remedy?: string): Stop {
  const [first] = messages
  const location = first?.location
  const where = location ? `${location.file}:${location.line}:${location.column + 1}` : 'bundle'
  const what = [first?.text ?? 'The bundle failed.', location?.lineText.trim()].filter(Boolean)
  const more = messages.length > 1 ? ` ${messages.length - 1} more after this one.` : ''
  return new Stop(where, what.join('\n'), `${remedy ?? remedyOf(first?.text ?? '')}${more}`)
}

function remedyOf(text: string): string {
  if (text.includes('is a module of Node')) {
    return 'Use what the Web platform has, or add "nodejs_compat" to compatibility_flags in the server\'s wrangler.toml.'
  }
  const unresolved = /^Could not resolve "([^"]+)"/.exec(text)?.[1]
  if (unresolved === undefined) return 'Fix it.'
  return unresolved.startsWith('.') || unresolved.startsWith('#')
    ? 'Correct the path; it ends in ".ts".'
    : `Correct the name, or install it: npm install --save-exact ${unresolved}`
}
