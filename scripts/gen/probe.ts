/**
 * Asks a server's code, at build time, what it publishes: bundles it for Node,
 * loads it in a child process and takes its definitions. The child gets no
 * environment variables, so a deploy token is not lying around in it.
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definitionsSchema, type Definitions } from '#shared/catalog/entry-schema.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { bundleForNode } from './bundle.ts'
import { placeOf, readStack } from './definition-place.ts'
import { hasNodeModules } from './server-config.ts'
import type { ServerSource } from './sources.ts'

/** Loading modules takes milliseconds; only code that waits for something takes longer. */
const LOAD_TIMEOUT_MS = 10_000
/** Enough of a stack to see the author's line, little enough for one screen. */
const STACK_LINES = 3
/** The temporary folder, which source maps put in front of the author's paths. */
const PROBE_PATH = /(file:\/\/)?\/\S*mcp-edge-probe-\w+\//g

type Problem = 'threw' | 'no_default' | 'promise' | 'function' | 'refused'

type Report =
  | { loading: string }
  | { definitions: unknown }
  | { failure: { problem: Problem; message: string; stack: string } }

/** @throws Stop naming the file, for code that does not load or does not define what it should */
export async function probe(
  source: ServerSource,
  timeoutMs = LOAD_TIMEOUT_MS,
): Promise<Definitions> {
  const nodeModules = hasNodeModules(source.folder)
  const code = await bundleForNode(probeSource(source), source.folder, nodeModules)
  const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-probe-'))
  try {
    const file = join(folder, 'probe.mjs')
    writeFileSync(file, code)
    return definitionsSchema.parse(await loadInChild(file, source, timeoutMs))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Each file is loaded and checked alone first, so that a failure can name it. */
function probeSource({ name, handWritten, tools }: ServerSource): string {
  const text = (value: unknown): string => JSON.stringify(value)
  const steps = handWritten
    ? `const server = await load(${text(handWritten)}, () => import(${text(handWritten)}))
       if (typeof server.tools !== 'object') throw refuse('It must say \`export default defineServer({ … })\`.')
       send({ definitions: definitionsOf(server, ${text(name)}) })`
    : `const tools = {}
       ${tools
         .map(
           (
             tool,
           ) => `tools[${text(tool.name)}] = await load(${text(tool.path)}, () => import(${text(tool.path)}))
           definitionsOf(define({ tools: { ${text(tool.name)}: tools[${text(tool.name)}] } }), ${text(name)})`,
         )
         .join('\n')}
       send({ definitions: definitionsOf(define({ tools }), ${text(name)}) })`
  return `
    import { defineServer } from '#shared/engine/author/server.ts'
    import { definitionsOf as definitions } from '#shared/engine/author/definitions.ts'
    const send = (report) => process.send(report)
    const refuse = (message) => Object.assign(new TypeError(message), { problem: 'refused' })
    const checked = (check) => (...args) => {
      try { return check(...args) } catch (error) { throw refuse(error.message) }
    }
    const define = checked(defineServer), definitionsOf = checked(definitions)
    async function load(file, loadModule) {
      send({ loading: file })
      const { default: value } = await loadModule()
      const problem =
        value === undefined ? 'no_default'
        : typeof value === 'function' ? 'function'
        : typeof value?.then === 'function' ? 'promise'
        : undefined
      if (problem) throw Object.assign(new Error(), { problem })
      return value
    }
    try {
      ${steps}
    } catch (error) {
      const { problem = 'threw', message = String(error), stack = '' } = error ?? {}
      send({ failure: { problem, message: String(message), stack: String(stack) } })
    }
    process.disconnect()`
}

function loadInChild(file: string, source: ServerSource, timeoutMs: number): Promise<unknown> {
  const child = fork(file, {
    execArgv: ['--enable-source-maps', '--no-warnings'],
    env: {} as NodeJS.ProcessEnv,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let loading = source.folder
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(tookTooLong(loading, timeoutMs))), timeoutMs)
    const end = (settle: () => void): void => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      settle()
    }
    child.on('message', (report: Report) => {
      if ('loading' in report) loading = report.loading
      else if ('definitions' in report) end(() => resolve(report.definitions))
      else end(() => reject(failed(loading, report.failure, source)))
    })
    child.on('error', (error) => end(() => reject(error)))
    child.on('exit', (code) => end(() => reject(exited(loading, code))))
  })
}

type Failure = Extract<Report, { failure: unknown }>['failure']

function failed(file: string, { problem, message, stack }: Failure, source: ServerSource): Stop {
  const maker = source.handWritten ? 'defineServer' : 'defineTool'
  const write = `\`export default ${maker}({ … })\``
  if (problem === 'no_default') {
    return new Stop(shown(file), 'It has no default export.', `Write ${write}.`)
  }
  if (problem === 'promise') {
    const remedy = `Write ${write}; what must be awaited goes into the handler.`
    return new Stop(shown(file), 'Its default export is a Promise.', remedy)
  }
  if (problem === 'function') {
    const remedy = `Write ${write}; the function goes in as its handler.`
    return new Stop(shown(file), 'Its default export is a function.', remedy)
  }
  const trace = (stack || message).replaceAll(PROBE_PATH, '')
  const { refused, from } = readStack(trace, source.folder)
  const thrownIn = from ? join(ROOT, from.file) : file
  // What the platform refuses says its remedy, also where it is refused while the file loads.
  if (problem === 'refused' || refused) {
    return new Stop(
      placeOf(thrownIn, message, from?.line),
      message,
      'Change it as the message says.',
    )
  }
  const lines = trace.split('\n').slice(0, STACK_LINES)
  return new Stop(
    from ? `${from.file}:${from.line}` : shown(file),
    `It throws while it loads:\n${lines.join('\n')}`,
    'Move what needs a request (bindings, secrets, fetch) into the handler.',
  )
}

const tookTooLong = (file: string, timeoutMs: number): Stop =>
  new Stop(
    shown(file),
    `It did not finish loading within ${timeoutMs / 1000} s.`,
    'Move what waits (fetch, timers, loops) into the handler.',
  )

const exited = (file: string, code: number | null): Stop =>
  new Stop(
    shown(file),
    `Loading it ended the process (exit code ${code}).`,
    'A tool file only defines its tool: remove process.exit() and the like.',
  )
