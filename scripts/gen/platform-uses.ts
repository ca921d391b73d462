/**
 * Which tools use PLATFORM, found in the syntax tree of the server's own files, and
 * whether the server has the binding for it. A tool's uses are those of its file
 * and of what that imports; of a hand-written server.ts, those of the expression
 * that stands under the tool's name.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ASKING_USES, PLATFORM_USES } from '#shared/catalog/platform-uses.ts'
import type { Definitions, ToolDefinition } from '#shared/catalog/entry.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import {
  descendants,
  keyOf,
  readModule,
  type ModuleUses,
  type Node,
  type Use,
} from './context-uses.ts'
import { bindsPlatform } from './server-config.ts'
import type { ServerSource } from './sources.ts'

const NAMES: ReadonlySet<string> = new Set([...PLATFORM_USES, ...ASKING_USES])
const ASKING: ReadonlySet<string> = new Set(ASKING_USES)

/**
 * @returns the definitions, each tool with what it uses
 * @throws Stop with file, line and what to add, when a use has no binding
 */
export function withPlatformUses(source: ServerSource, definitions: Definitions): Definitions {
  const files = new Files(source.folder)
  const tools = definitions.tools.map((tool) => {
    const uses = files.usesOf(source, tool.wire.name).filter(({ name }) => counts(name, tool))
    const [first] = uses
    if (!first) return tool
    if (!bindsPlatform(source.folder)) throw noBinding(source, first)
    return { ...tool, uses: [...new Set(uses.map(({ name }) => name))].sort() }
  })
  return { ...definitions, tools }
}

/** The answers of a user are claimed only where running twice would do something twice. */
function counts(name: string, { wire: { annotations } }: ToolDefinition): boolean {
  const harmless = annotations?.readOnlyHint === true || annotations?.idempotentHint === true
  return !harmless || !ASKING.has(name)
}

const noBinding = ({ folder }: ServerSource, { name, file, line }: Use): Stop =>
  new Stop(
    `${shown(file)}:${line}`,
    ASKING.has(name)
      ? `"${name}" in a tool that is neither read-only nor idempotent: that its answers count once is remembered by the platform, and the server has no binding for it.`
      : `"${name}" is the platform's to remember, and the server has no binding for it.`,
    `Add to ${shown(join(folder, 'wrangler.toml'))}, above the first [table]:\nservices = [\n  { binding = "PLATFORM", service = "mcp-edge-objects", entrypoint = "Platform" },\n]`,
  )

class Files {
  readonly #folder: string
  readonly #modules = new Map<string, ModuleUses>()

  constructor(folder: string) {
    this.#folder = `${folder}/`
  }

  usesOf({ handWritten, tools }: ServerSource, tool: string): Use[] {
    if (handWritten === undefined) {
      const file = tools.find(({ name }) => name === tool)
      return file ? this.#reachable(file.path) : []
    }
    const server = this.#module(handWritten)
    const value = valueUnder(server.program, tool)
    const imported = value?.type === 'Identifier' && server.imports.get(String(value['name']))
    if (imported) return this.#reachable(imported)
    const own = value && rangeOf(server.program, value)
    // What is put together in another way may use anything the server's files use.
    if (!own) return this.#reachable(handWritten)
    const within = server.uses.filter(({ start }) => start >= own.start && start < own.end)
    return [...within, ...this.#helpers(server)]
  }

  #module(file: string): ModuleUses {
    const known = this.#modules.get(file) ?? readModule(file, NAMES)
    this.#modules.set(file, known)
    return known
  }

  /** Uses in a file and in the server's files it imports, however far. */
  #reachable(file: string, seen = new Set<string>()): Use[] {
    if (seen.has(file) || !file.startsWith(this.#folder) || !existsSync(file)) return []
    seen.add(file)
    const { uses, imports } = this.#module(file)
    return [...uses, ...[...imports.values()].flatMap((path) => this.#reachable(path, seen))]
  }

  /** What tools written in server.ts itself may call: files that define no tool of their own. */
  #helpers({ file, imports }: ModuleUses): Use[] {
    const seen = new Set([file])
    return [...new Set(imports.values())]
      .filter((path) => existsSync(path) && !this.#module(path).definesTools)
      .flatMap((path) => this.#reachable(path, seen))
  }
}

/** What stands under the tool's name in `tools: { … }`. */
function valueUnder(program: Node, tool: string): Node | undefined {
  for (const node of descendants(program)) {
    if (node.type !== 'Property' || keyOf(node) !== 'tools') continue
    const { properties = [] } = node['value'] as Node
    const found = (properties as Node[]).find((property) => keyOf(property) === tool)
    if (found) return found['value'] as Node
  }
  return undefined
}

/** The expression itself, or that of the constant it names. */
function rangeOf(program: Node, value: Node): Node | undefined {
  if (value.type !== 'Identifier') return value
  for (const { type, id, init } of descendants(program)) {
    if (type === 'VariableDeclarator' && (id as Node)['name'] === value['name']) return init as Node
  }
  return undefined
}
