/**
 * Tool arguments that clients repeat as `Mcp-Param-<name>` headers, marked
 * `x-mcp-header` in the input schema (2026-07-28 streamable-http "Schema
 * Extension", SEP-2243).
 */
import { headerMismatch, type WireError } from './errors.ts'
import { decodeHeaderValue, encodeHeaderValue } from './headers.ts'
import { isObject, type JsonObject } from './jsonrpc.ts'
import { fail, ok, type Result } from '../lib/result.ts'

export const PARAM_PREFIX = 'Mcp-Param-'
const KEYWORD = 'x-mcp-header'
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean'])
/** Keywords whose value is data, not a schema. */
const DATA: ReadonlySet<string> = new Set(['default', 'const', 'enum', 'examples'])

export interface ParamHeader {
  /** Without the prefix. */
  readonly name: string
  /** Where the value stands in the arguments. */
  readonly path: readonly string[]
  readonly isInteger: boolean
}

/** @returns what is wrong with a marking, in words, as the failure: clients drop such a tool */
export function paramHeadersOf(inputSchema: JsonObject): Result<ParamHeader[], string> {
  const found: ParamHeader[] = []
  const problem = collect(inputSchema, [], found)
  if (problem !== undefined) return fail(problem)
  const names = found.map(({ name }) => name.toLowerCase())
  return new Set(names).size < names.length
    ? fail(`two arguments have the same ${KEYWORD}`)
    : ok(found)
}

/** Down the chain of `properties`, the only place for a marking. */
function collect(schema: JsonObject, path: string[], found: ParamHeader[]): string | undefined {
  const mark = schema[KEYWORD]
  if (mark !== undefined) {
    const where = path.join('.') || 'the schema itself'
    if (path.length === 0 || typeof mark !== 'string' || !TOKEN.test(mark)) {
      return `${KEYWORD} of ${where} must be a header name, on an argument`
    }
    if (!TYPES.has(schema['type']))
      return `${KEYWORD} of ${where} is only for texts, integers, booleans`
    found.push({ name: mark, path, isInteger: schema['type'] === 'integer' })
  }
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties' && isObject(value)) {
      for (const [name, property] of Object.entries(value)) {
        const problem = isObject(property) && collect(property, [...path, name], found)
        if (problem) return problem
      }
    } else if (!DATA.has(keyword) && marksAnything(value)) {
      return `${KEYWORD} under "${keyword}": it may stand under properties alone`
    }
  }
  return undefined
}

function marksAnything(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(marksAnything)
  if (!isObject(value)) return false
  return (
    KEYWORD in value ||
    Object.entries(value).some(([keyword, inner]) => !DATA.has(keyword) && marksAnything(inner))
  )
}

/** The headers a client sends with these arguments; the bridge sends them for 2025 clients. */
export function headersFor(params: readonly ParamHeader[], args: unknown): [string, string][] {
  return params.flatMap(({ name, path }): [string, string][] => {
    const text = textOf(valueAt(args, path))
    return text === undefined ? [] : [[`${PARAM_PREFIX}${name}`, encodeHeaderValue(text)]]
  })
}

/** −32020 when a header is missing, malformed or says other than the body. */
export function paramHeaderError(
  params: readonly ParamHeader[],
  args: unknown,
  headers: Headers,
): WireError | undefined {
  for (const { name, path, isInteger } of params) {
    const value = valueAt(args, path)
    const text = textOf(value)
    // Absent or null in the body: no header is expected, and one that is there means nothing.
    if (text === undefined) continue
    const key = `${PARAM_PREFIX}${name}`
    const header = headers.get(key)
    const says = `the body carries ${path.join('.')}`
    if (header === null) return headerMismatch('(missing)', `${says} but ${key} is absent`)
    const decoded = decodeHeaderValue(header)
    if (decoded === undefined) {
      return headerMismatch(header, `${key} carries an invalid Base64 sentinel value`)
    }
    const sameNumber = isInteger && DECIMAL.test(decoded) && Number(decoded) === value
    if (decoded !== text && !sameNumber) {
      return headerMismatch(header, `${says} but ${key} says otherwise`)
    }
  }
  return undefined
}

const DECIMAL = /^-?\d+(\.\d+)?$/

function valueAt(args: unknown, path: readonly string[]): unknown {
  let value = args
  for (const key of path) {
    value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }
  return value
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
    ? String(value)
    : undefined
