/**
 * What of wrangler's output a person wants to see: requests, what Workers log,
 * errors. Left out: its tables of bindings, hints, and the dump of a child
 * process that follows the generator's own message when a build fails.
 */
import { stripVTControlCharacters } from 'node:util'
import { readableFailure } from './dev-failure.ts'

const NOISE: readonly RegExp[] = [
  /^\s*$/,
  /^Using secrets defined in /,
  /has access to the following bindings:$/,
  /^Binding\s+Resource/,
  /^env\.\S+ \(/,
  /^env\.\S+\s+(KV Namespace|R2 Bucket)/,
  /^Service bindings, Durable Object bindings, and Tail consumers connect/,
  /^⎔ (Starting|Reloading) local server/,
  /^⎔ Shutting down /,
  /Logs were written to /,
  /^\[wrangler:info\] (Ready on|GET \/health 200)/,
  /^Running: npx --no mcp-edge-gen/,
  // Said once, with the file they belong in, by dev-missing-secrets.ts.
  /Missing required secrets: /,
  /^npm warn /,
]
const BUILD_PREFIX = /^\[custom build\] ?/
/** Wrangler's name for a Worker that it knows none of. */
const LINE_PREFIX = /^\[(wrangler:info|undefined)\] /
/** First and last line of wrangler's dump of a failed build command. */
const DUMP_START = /\[Error\]: Process exited with non-zero status/
const DUMP_END = /Running custom build .* failed/

/** @returns a function from a line of output to the line to show, `undefined` for none */
export function createOutputFilter(): (line: string) => string | undefined {
  let inDump = false
  return (line) => {
    const plain = stripVTControlCharacters(line).replace(BUILD_PREFIX, '')
    if (inDump || DUMP_START.test(plain)) {
      inDump = !DUMP_END.test(plain)
      return undefined
    }
    if (NOISE.some((pattern) => pattern.test(plain))) return undefined
    const own = BUILD_PREFIX.test(stripVTControlCharacters(line))
    return own ? plain : (readableFailure(plain) ?? line.replace(LINE_PREFIX, ''))
  }
}
