/** A Worker's log line about something that was thrown, as its author reads it: whose, what, and their own lines. */
import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { ROOT, shown } from './root.ts'

const LOG_LINE = /\{"event":"\w+_failed",.*\}$/
/** `at name (file:///bundle.js:1:2)`, with or without name and scheme. */
const FRAME = /^\s+at (?:async )?(?:(.+) \()?(?:file:\/\/)?(\/[^\s()]+):(\d+):(\d+)\)?$/
/** From here on it is how the platform got to the author's code. */
const PLATFORM = /^shared\/engine\//
const FRAMES_MAX = 6

interface Logged {
  readonly ref?: string
  readonly name?: string
  readonly message?: string
  readonly stack?: string
  readonly server?: string
  readonly tool?: string
}

/** @param line without colours @returns `undefined` for any other line */
export function readableFailure(line: string): string | undefined {
  const json = LOG_LINE.exec(line.trimEnd())?.[0]
  const logged = json === undefined ? undefined : parse(json)
  if (logged?.message === undefined) return undefined
  const { server, tool, ref, name = 'Error', message, stack = '' } = logged
  const whose = [server, tool].filter(Boolean).join('/')
  const head = `✘ ${whose && `${whose}: `}${name}: ${message}${ref === undefined ? '' : ` (ref ${ref})`}`
  return [head, ...framesOf(stack).map((frame) => `    at ${frame}`)].join('\n')
}

function framesOf(stack: string): string[] {
  const maps = new Map<string, SourceMap | undefined>()
  const frames = stack.split('\n').flatMap((line) => frameOf(line, maps) ?? [])
  const end = frames.findIndex(({ file }) => PLATFORM.test(file))
  return frames
    .slice(0, end > 0 ? end : FRAMES_MAX)
    .slice(0, FRAMES_MAX)
    .map(({ name, file, line }) => (name ? `${name} (${file}:${line})` : `${file}:${line}`))
}

function frameOf(text: string, maps: Map<string, SourceMap | undefined>) {
  const [, name, file, line, column] = FRAME.exec(text) ?? []
  if (file === undefined) return undefined
  if (!maps.has(file)) maps.set(file, mapOf(file))
  const entry = maps.get(file)?.findEntry(Number(line) - 1, Number(column) - 1)
  if (!entry || !('originalSource' in entry)) return { name, file: shown(file), line: Number(line) }
  const source = resolve(dirname(file), entry.originalSource)
  return { name, file: shown(source), line: entry.originalLine + 1 }
}

/** Read anew each time: `npm run dev` builds into the same file. */
function mapOf(file: string): SourceMap | undefined {
  const path = `${file}.map`
  if (!file.startsWith(ROOT) || !existsSync(path)) return undefined
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    // Being written just now: the bundle's own lines are better than none.
    return undefined
  }
}

function parse(json: string): Logged | undefined {
  try {
    return JSON.parse(json) as Logged
  } catch {
    return undefined
  }
}
