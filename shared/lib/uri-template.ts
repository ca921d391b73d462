/**
 * URI templates (RFC 6570) read backwards: from a URI to the values of its
 * variables. What real servers use: `{x}`, `{+x}`, `{/x}`, `{.x}`, `{#x}`, and
 * `{?x,y}` at the end. Matching takes linear time: callers choose the URIs.
 *
 * Does NOT make URIs from values: clients do.
 */
import { fail, ok, type Result } from './result.ts'

interface Variable {
  readonly name: string
  /** `{+x}` and `{#x}`: may span segments, and is handed on as sent. */
  readonly reserved: boolean
}

export interface UriTemplate {
  readonly text: string
  /** Literals and variables; two variables never stand side by side. */
  readonly parts: readonly (string | Variable)[]
  /** Names of `{?x,y}`: each may be absent, in any order. */
  readonly query: readonly string[]
  readonly names: readonly string[]
}

/** Names in a template, for the types of what a handler gets. */
type Expressions<Text extends string> = Text extends `${string}{${infer Inner}}${infer Rest}`
  ? Inner | Expressions<Rest>
  : never
type Split<Text extends string> = Text extends `${infer Head},${infer Rest}`
  ? Head | Split<Rest>
  : Text
type Optional<Text extends string> = Text extends `?${infer Names}` ? Split<Names> : never
type Required<Text extends string> = Text extends `?${string}`
  ? never
  : Text extends `${'+' | '/' | '.' | '#'}${infer Name}`
    ? Name
    : Text

/** `note://{owner}/{id}{?version}` → `{ owner: string; id: string; version?: string }` */
export type UriVariables<Text extends string> = string extends Text
  ? Record<string, string>
  : { [Name in Required<Expressions<Text>>]: string } & {
      [Name in Optional<Expressions<Text>>]?: string
    }

const EXPRESSION = /\{([^{}]*)\}/g
/** Begins with a letter, so no name is a key every object has for itself (`__proto__`). */
const NAME = /^[A-Za-z]\w*$/
const LITERAL_OF_OPERATOR: Readonly<Record<string, string>> = { '/': '/', '.': '.', '#': '#' }

export const isUriTemplate = (text: string): boolean => /[{}]/.test(text)

/** @returns what is wrong with the template, in words, as the failure */
export function parseUriTemplate(text: string): Result<UriTemplate, string> {
  const parts: (string | Variable)[] = []
  const names: string[] = []
  let query: string[] = []
  let literal = ''
  let end = 0
  for (const match of text.matchAll(EXPRESSION)) {
    const [whole, inner = ''] = match
    literal += text.slice(end, match.index)
    end = match.index + whole.length
    if (inner.startsWith('?')) {
      if (end !== text.length) return fail(`${whole} must stand at the end`)
      query = inner.slice(1).split(',')
      names.push(...query)
      continue
    }
    const operator = /^[+/.#]/.exec(inner)?.[0] ?? ''
    const name = inner.slice(operator.length)
    literal += LITERAL_OF_OPERATOR[operator] ?? ''
    if (literal === '' && parts.length > 0) return fail(`a text must stand before ${whole}`)
    if (literal !== '') parts.push(literal)
    literal = ''
    parts.push({ name, reserved: operator === '+' || operator === '#' })
    names.push(name)
  }
  literal += text.slice(end)
  if (literal !== '') parts.push(literal)
  const odd = names.find((name) => !NAME.test(name))
  if (odd !== undefined) return fail(`"${odd}" is not a variable; write {x}, {+x} or {?x,y}`)
  if (new Set(names).size < names.length) return fail('a variable stands in it twice')
  if (parts.some((part) => typeof part === 'string' && /[{}]/.test(part))) {
    return fail('a brace is not closed')
  }
  return ok({ text, parts, query, names })
}

/** @returns the variables; `undefined` when the URI is not one of the template's */
export function matchUri(
  { parts, query }: UriTemplate,
  uri: string,
): Record<string, string> | undefined {
  const [path, search] = query.length > 0 ? splitQuery(uri) : [uri, '']
  const variables: Record<string, string> = {}
  let position = 0
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') {
      if (!path.startsWith(part, position)) return undefined
      position += part.length
      continue
    }
    const end = endOf(path, position, parts[index + 1], index + 2 === parts.length)
    if (end <= position) return undefined
    const value = valueOf(part, path.slice(position, end))
    if (value === undefined) return undefined
    variables[part.name] = value
    position = end
  }
  if (position !== path.length) return undefined
  const given = new URLSearchParams(search)
  for (const name of query) {
    const value = given.get(name)
    if (value !== null) variables[name] = value
  }
  return variables
}

function splitQuery(uri: string): [path: string, search: string] {
  const at = uri.indexOf('?')
  return at < 0 ? [uri, ''] : [uri.slice(0, at), uri.slice(at + 1)]
}

/** A variable ends where the next literal begins: its first place, or its last when nothing follows. */
function endOf(
  path: string,
  position: number,
  next: string | Variable | undefined,
  isLast: boolean,
): number {
  if (typeof next !== 'string') return path.length
  if (isLast) return path.endsWith(next) ? path.length - next.length : -1
  return path.indexOf(next, position + 1)
}

function valueOf({ reserved }: Variable, raw: string): string | undefined {
  if (reserved) return raw
  if (/[/?#]/.test(raw)) return undefined
  try {
    return decodeURIComponent(raw)
  } catch {
    return undefined
  }
}
