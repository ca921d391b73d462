/**
 * Finds in one module what handlers use of their context: `context.once(…)`,
 * `{ once }` in the parameter, aliases of either. By name within the module, not
 * by scope: what it finds too much costs a capability, what it misses is refused
 * at run time with a log line.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseAst } from 'rolldown/parseAst'

/** A node of the syntax tree (ESTree with types, as oxc writes it). */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [member: string]: unknown
}

export interface Use {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly start: number
}

export interface ModuleUses {
  readonly file: string
  readonly program: Node
  readonly uses: readonly Use[]
  /** Absolute paths of the modules it imports by relative path; local name → path. */
  readonly imports: ReadonlyMap<string, string>
  readonly definesTools: boolean
}

/** Modules already read in this build; keyed by path. */
export function readModule(file: string, names: ReadonlySet<string>): ModuleUses {
  const text = readFileSync(file, 'utf8')
  const program = parseAst(text, { lang: 'ts' }, file) as unknown as Node
  const nodes = [...descendants(program)]
  const found: { name: string; start: number }[] = []
  const contexts = new Set<string>()
  const bind = (pattern: Node | undefined): void => {
    if (pattern?.type === 'Identifier') contexts.add(pattern['name'] as string)
    if (pattern?.type !== 'ObjectPattern') return
    for (const property of pattern['properties'] as Node[]) {
      if (property.type === 'RestElement') bind(property['argument'] as Node)
      const name = keyOf(property)
      if (name !== undefined && names.has(name)) found.push({ name, start: property.start })
    }
  }
  for (const parameter of contextParameters(nodes)) bind(parameter)
  // Aliases of aliases: as many passes as bring a new one.
  for (let known = -1; known < contexts.size;) {
    known = contexts.size
    for (const { type, id, init } of nodes as (Node & { id: Node; init: Node | null })[]) {
      if (type === 'VariableDeclarator' && isIdentifier(init, contexts)) {
        if (id.type === 'Identifier') contexts.add(id['name'] as string)
      }
    }
  }
  for (const node of nodes) {
    const { type, object, id, init } = node as Node & { object: Node; id: Node; init: Node | null }
    if (type === 'VariableDeclarator' && isIdentifier(init, contexts)) bind(id)
    if (type !== 'MemberExpression' || !isIdentifier(object, contexts)) continue
    const name = keyOf({ ...node, key: node['property'] })
    if (name !== undefined && names.has(name)) found.push({ name, start: node.start })
  }
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length
  return {
    file,
    program,
    uses: found.map(({ name, start }) => ({ name, file, line: lineAt(start), start })),
    imports: importsOf(file, nodes),
    definesTools: nodes.some((node) => isCallOf(node, 'defineTool')),
  }
}

export function* descendants(node: Node): Generator<Node> {
  yield node
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof (child as Node | null)?.type === 'string') yield* descendants(child as Node)
    }
  }
}

/** The name of a property that is not computed, or computed from a literal. */
export function keyOf({ key, computed }: Node): string | undefined {
  const { type, name, value } = (key ?? {}) as Node
  if (type === 'Identifier' && computed !== true) return name as string
  return type === 'Literal' && typeof value === 'string' ? value : undefined
}

export const isCallOf = ({ type, callee }: Node, name: string): boolean =>
  type === 'CallExpression' && (callee as Node)['name'] === name

const isIdentifier = (node: Node | null | undefined, names: ReadonlySet<string>): boolean =>
  node?.type === 'Identifier' && names.has(node['name'] as string)

const FUNCTIONS: ReadonlySet<string> = new Set([
  'ArrowFunctionExpression',
  'FunctionExpression',
  'FunctionDeclaration',
])

/** Second parameters of tools' handlers, and every parameter that says it is a ToolContext. */
function contextParameters(nodes: readonly Node[]): Node[] {
  const named = new Map<string, Node>()
  const parameters: Node[] = []
  for (const node of nodes) {
    if (node.type === 'FunctionDeclaration') named.set(nameOf(node['id']), node)
    if (node.type === 'VariableDeclarator') named.set(nameOf(node['id']), node['init'] as Node)
    if (!FUNCTIONS.has(node.type)) continue
    for (const parameter of node['params'] as Node[]) {
      if (saysToolContext(parameter)) parameters.push(parameter)
    }
  }
  for (const call of nodes.filter((node) => isCallOf(node, 'defineTool'))) {
    const [options] = call['arguments'] as Node[]
    for (const property of (options?.['properties'] ?? []) as Node[]) {
      if (keyOf(property) !== 'handler') continue
      const value = property['value'] as Node
      const handler = value.type === 'Identifier' ? named.get(nameOf(value)) : value
      const second = handler && FUNCTIONS.has(handler.type) && (handler['params'] as Node[])[1]
      if (second) parameters.push(second)
    }
  }
  return parameters
}

const nameOf = (node: unknown): string => String((node as Node | null)?.['name'])

function saysToolContext({ typeAnnotation }: Node): boolean {
  if (!typeAnnotation) return false
  return [...descendants(typeAnnotation as Node)].some(
    ({ type, name }) => type === 'Identifier' && name === 'ToolContext',
  )
}

function importsOf(file: string, nodes: readonly Node[]): Map<string, string> {
  const imports = new Map<string, string>()
  for (const { type, source, specifiers = [] } of nodes) {
    const path = (source as Node | null)?.['value']
    if (!/^(Import|Export(Named|All))Declaration$/.test(type) || typeof path !== 'string') continue
    if (!path.startsWith('.')) continue
    const target = join(dirname(file), path)
    imports.set(target, target)
    for (const { local } of specifiers as { local: Node }[]) imports.set(nameOf(local), target)
  }
  return imports
}
