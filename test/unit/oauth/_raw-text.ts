/**
 * Finds what a page would show as it came: every `{…}` between tags, every `${…}` of an `html`
 * template and every sentence of an error page must be markup, a literal, or one of the functions
 * that clean foreign text (workers/oauth/pages/foreign.tsx).
 */
import { parseAst } from 'rolldown/parseAst'

type Node = { type: string; start: number; end: number } & Record<string, unknown>

/** Calls whose answer is our own text, or clean. */
const CLEAN_CALLS = new Set([
  'foreignSentence',
  'foreignText',
  'foreignHost',
  'day',
  'hour',
  'nextCommand',
])
/** Attributes that a browser shows or reads out. */
const SHOWN_ATTRIBUTES = new Set(['title', 'alt', 'placeholder', 'label', 'aria-label', 'content'])

/** @returns source text of each place, empty where all is well */
export function rawTextIn(path: string, source: string): string[] {
  const program = parseAst(source, { lang: 'tsx' }, path) as unknown as Node
  const nodes = [...walk(program)]
  const scope = { nodes, source }
  const shown = nodes.flatMap((node) => shownBy(node))
  return shown
    .filter((expression) => !isOwn(expression, scope, 0))
    .map(({ start, end }) => source.slice(start, end))
}

interface Scope {
  readonly nodes: readonly Node[]
}

function shownBy(node: Node): Node[] {
  if (node.type === 'JSXElement' || node.type === 'JSXFragment') {
    const children = node['children'] as Node[]
    return children
      .filter(({ type }) => type === 'JSXExpressionContainer')
      .map((child) => child['expression'] as Node)
  }
  if (node.type === 'JSXAttribute') {
    const value = node['value'] as Node | null
    const isShown = SHOWN_ATTRIBUTES.has(nameOf(node['name'] as Node))
    return isShown && value?.type === 'JSXExpressionContainer' ? [value['expression'] as Node] : []
  }
  if (node.type === 'TaggedTemplateExpression' && nameOf(node['tag'] as Node) === 'html') {
    return (node['quasi'] as { expressions: Node[] }).expressions
  }
  if (node.type === 'CallExpression' && nameOf(node['callee'] as Node) === 'errorPage') {
    return (node['arguments'] as Node[]).slice(1)
  }
  return []
}

const JUDGED_DEPTH_MAX = 20

function isOwn(node: Node | null, scope: Scope, depth: number): boolean {
  if (!node || depth > JUDGED_DEPTH_MAX) return node === null
  const own = (...parts: unknown[]) => parts.every((part) => isOwn(part as Node, scope, depth + 1))
  switch (node.type) {
    case 'JSXElement':
    case 'JSXFragment':
    case 'JSXEmptyExpression':
    case 'Literal':
      return true
    case 'TemplateLiteral':
      return own(...(node['expressions'] as Node[]))
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return own(node['expression'])
    case 'ConditionalExpression':
      return own(node['consequent'], node['alternate'])
    case 'LogicalExpression':
      return node['operator'] === '&&' ? own(node['right']) : own(node['left'], node['right'])
    case 'BinaryExpression':
      return own(node['left'], node['right'])
    case 'TaggedTemplateExpression':
      return nameOf(node['tag'] as Node) === 'html'
    case 'ArrayExpression':
      return own(...(node['elements'] as Node[]))
    case 'ArrowFunctionExpression':
    case 'FunctionDeclaration':
      return returnsOf(node).every((value) => own(value))
    case 'CallExpression':
      return isOwnCall(node, scope, depth)
    case 'MemberExpression': {
      // A table of sentences: `REFUSALS[reason]`.
      const table = declared(nameOf(node['object'] as Node), scope)
      const entries = table.map((value) => unwrapped(value))
      return entries.length > 0 && entries.every((value) => isTable(value, own))
    }
    case 'Identifier': {
      const values = declared(nameOf(node), scope)
      return values.length > 0 && own(...values)
    }
    default:
      return false
  }
}

function isOwnCall(node: Node, scope: Scope, depth: number): boolean {
  const callee = node['callee'] as Node
  if (callee.type === 'MemberExpression' && nameOf(callee['property'] as Node) === 'map') {
    return (node['arguments'] as Node[]).every((callback) => isOwn(callback, scope, depth + 1))
  }
  const name = nameOf(callee)
  if (CLEAN_CALLS.has(name)) return true
  const functions = declared(name, scope)
  return functions.length > 0 && functions.every((made) => isOwn(made, scope, depth + 1))
}

const isTable = (node: Node | undefined, own: (...parts: unknown[]) => boolean): boolean =>
  node?.type === 'ObjectExpression' &&
  (node['properties'] as Node[]).every((property) => own(property['value']))

const unwrapped = (node: Node | null): Node | undefined =>
  node?.type === 'TSAsExpression' || node?.type === 'TSSatisfiesExpression'
    ? unwrapped(node['expression'] as Node)
    : (node ?? undefined)

/** What a name stands for in this file: initial values and functions; none for parameters. */
function declared(name: string, { nodes }: Scope): Node[] {
  return nodes.flatMap((node) => {
    const isNamed = node['id'] && nameOf(node['id'] as Node) === name
    if (!isNamed) return []
    if (node.type === 'FunctionDeclaration') return [node]
    return node.type === 'VariableDeclarator' && node['init'] ? [node['init'] as Node] : []
  })
}

function returnsOf(made: Node): Node[] {
  const body = made['body'] as Node
  if (body.type !== 'BlockStatement') return [body]
  return [...walk(body, isFunction)]
    .filter(({ type }) => type === 'ReturnStatement')
    .map((statement) => statement['argument'] as Node)
}

const isFunction = ({ type }: Node): boolean =>
  type === 'ArrowFunctionExpression' || type === 'FunctionExpression'

const nameOf = (node: Node | undefined): string =>
  node && typeof node['name'] === 'string' ? node['name'] : ''

function* walk(node: Node, skip: (node: Node) => boolean = () => false): Generator<Node> {
  yield node
  for (const value of Object.values(node)) {
    for (const part of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const isNode = typeof part === 'object' && part !== null && 'type' in part
      if (isNode && !skip(part as Node)) yield* walk(part as Node, skip)
    }
  }
}
