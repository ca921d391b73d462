/**
 * Where a changed JSON Schema breaks who relied on the old one: an input that
 * asks for more or takes less, an output that promises less. By outline
 * (type, properties, required, enum, additionalProperties), one level of
 * properties after the other; `$ref` and combinations are not followed.
 */
import { isObject, type JsonObject } from '../protocol/jsonrpc.ts'

/** Deeper than people nest arguments; the rest counts as unchanged. */
const DEPTH_MAX = 8

export function inputBreaks(was: unknown, is: unknown): string[] {
  return breaks(was, is, 'input', 'argument', DEPTH_MAX)
}

export function outputBreaks(was: unknown, is: unknown): string[] {
  if (isObject(was) && !isObject(is)) return ['has no structured result any longer']
  // For whoever reads results the old one is what was asked, the new one what is given.
  return breaks(was, is, 'output', 'result', DEPTH_MAX)
}

type Side = 'input' | 'output'

function breaks(was: unknown, is: unknown, side: Side, path: string, depth: number): string[] {
  if (!isObject(was) || !isObject(is) || depth === 0) return []
  const found: string[] = []
  const [before, after] = [propertiesOf(was), propertiesOf(is)]
  const [neededBefore, neededAfter] = [requiredOf(was), requiredOf(is)]
  for (const name of side === 'input' ? neededAfter : neededBefore) {
    const asked = side === 'input' ? neededBefore : neededAfter
    if (asked.has(name)) continue
    found.push(`${path} ${name} is ${side === 'input' ? 'required now' : 'no longer certain'}`)
  }
  for (const [name, old] of before) {
    const fresh = after.get(name)
    if (!fresh) {
      if (side === 'input' && is['additionalProperties'] !== false) continue
      found.push(`${path} ${name} is gone`)
    } else found.push(...valueBreaks(old, fresh, side, `${path} ${name}`, depth))
  }
  return found
}

function valueBreaks(
  was: JsonObject,
  is: JsonObject,
  side: Side,
  path: string,
  depth: number,
): string[] {
  const [taken, given] = side === 'input' ? [is, was] : [was, is]
  const types = typesOf(taken)
  const strange = types && [...(typesOf(given) ?? ['anything'])].filter((type) => !types.has(type))
  if (strange && strange.length > 0) {
    return [`${path} was ${typeText(was)} and is ${typeText(is)}`]
  }
  const values = enumOf(taken)
  const lost =
    values && (enumOf(given) ?? ['other values']).filter((value) => !values.includes(value))
  const found =
    lost && lost.length > 0
      ? [`${path} ${side === 'input' ? 'no longer takes' : 'may now be'} ${lost.join(', ')}`]
      : []
  return [...found, ...breaks(was, is, side, path, depth - 1)]
}

function propertiesOf(schema: JsonObject): Map<string, JsonObject> {
  const properties = schema['properties']
  if (!isObject(properties)) return new Map()
  return new Map(
    Object.entries(properties).map(([name, value]) => [name, isObject(value) ? value : {}]),
  )
}

function requiredOf({ required }: JsonObject): Set<string> {
  return new Set(Array.isArray(required) ? required.map(String) : [])
}

/** A number takes integers too. */
function typesOf({ type }: JsonObject): Set<string> | undefined {
  if (type === undefined) return undefined
  const types = new Set((Array.isArray(type) ? type : [type]).map(String))
  if (types.has('number')) types.add('integer')
  return types
}

const typeText = ({ type }: JsonObject): string =>
  type === undefined ? 'anything' : [type].flat().map(String).join(' or ')

function enumOf(schema: JsonObject): string[] | undefined {
  const values = 'const' in schema ? [schema['const']] : schema['enum']
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : undefined
}
