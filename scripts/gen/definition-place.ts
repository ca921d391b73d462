/** The line of what is wrong in a definition: of the option the message names, else of the call. */
import { readFileSync } from 'node:fs'
import { parseAst } from 'rolldown/parseAst'
import { shown } from '../root.ts'
import { descendants, isCallOf, keyOf, type Node } from './context-uses.ts'

const MAKERS = ['defineTool', 'definePrompt', 'defineResource', 'defineServer']
/** The platform's own code that checks what authors define. */
const CHECKS = 'shared/engine/author/'
/** `at name (file.ts:line:column)`; paths are relative to the repository. */
const FRAME = /\bat (?:.* \()?([^\s()]+\.ts):(\d+):\d+\)?$/

/** `Tool "add": …`: what stands under a name. */
const ITEM = /^(?:Tool|Prompt|Resource) "([^"]+)"/
/** What a message about one definition names, the surest first. */
const NAMED = [
  /unknown option "([^"]+)"/,
  /^define\w+ (\w+)/,
  /^(?:Tool|Prompt) "[^"]+": its (\w+) schema/,
  ITEM,
]

export interface Thrown {
  /** Whether the platform's checks threw it, not the author's own code. */
  readonly refused: boolean
  /** Of the author's code: file, relative to the repository, and line from 1. */
  readonly from: { readonly file: string; readonly line: number } | undefined
}

/** @param stack with lines of the sources @param folder the server's, absolute */
export function readStack(stack: string, folder: string): Thrown {
  const frames = stack.split('\n').flatMap((line) => {
    const [, file, number] = FRAME.exec(line) ?? []
    return file === undefined ? [] : [{ file, line: Number(number) }]
  })
  const within = `${shown(folder)}/`
  // The probe's own code counts as a file of the folder.
  const from = frames.find(({ file }) => file.startsWith(within) && file !== `${within}entry.ts`)
  return { refused: frames[0]?.file.startsWith(CHECKS) === true, from }
}

/** `workers/clock/tools/now.ts:5`, or the file alone where nothing tells the line. */
export function placeOf(file: string, message: string, line?: number): string {
  const text = readFileSync(file, 'utf8')
  const program = parseAst(text, { lang: 'ts' }, file) as unknown as Node
  const lineOf = ({ start }: Node): number => text.slice(0, start).split('\n').length
  const calls = [...descendants(program)].filter((node) =>
    MAKERS.some((maker) => isCallOf(node, maker)),
  )
  const call =
    calls.find((each) => lineOf(each) === line) ?? (calls.length === 1 ? calls[0] : undefined)
  const found = (call ? namedIn(call, message, NAMED) : namedIn(program, message, [ITEM])) ?? call
  const at = found ? lineOf(found) : line
  return at === undefined ? shown(file) : `${shown(file)}:${at}`
}

function namedIn(within: Node, message: string, patterns: readonly RegExp[]): Node | undefined {
  const names = patterns.flatMap((pattern) => pattern.exec(message)?.[1] ?? [])
  // Its own options first: an argument of the input may be called the same.
  const nodes = [...descendants(within)]
  const options = nodes.find(({ type }) => type === 'ObjectExpression')
  const own = (options?.['properties'] ?? []) as Node[]
  const properties = [...own, ...nodes].filter(({ type }) => type === 'Property')
  return names.map((name) => properties.find((each) => keyOf(each) === name)).find(Boolean)
}
