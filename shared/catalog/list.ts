/**
 * What the router needs of one server, built once per digest: who may call what,
 * and the lists as text, so that a list costs no serialising.
 *
 * Order: everything as the server gave it (the digest pins it), scopes sorted.
 */
import type { JsonObject } from '../protocol/jsonrpc.ts'
import { TASKS_CAPABILITY } from '../protocol/revisions/2026-07-28/tasks.ts'
import { attachmentIdOf } from '../contracts/attachment-uri.ts'
import { paramHeadersOf, type ParamHeader } from '../protocol/param-headers.ts'
import { matchUri, parseUriTemplate, type UriTemplate } from '../lib/uri-template.ts'
import type {
  ResourceTemplateDefinition,
  ServerEntry,
  TaskDefinition,
  ToolDefinition,
} from './entry.ts'
import type { Subject } from './policy.ts'

/** Something of a server a caller can name: a tool, a prompt, a resource. */
export interface CompiledItem {
  /** What rules are asked about; absent = what is nobody's in particular. */
  readonly subject?: Subject
  /** All of them are needed; empty = any caller the policy lets in. */
  readonly scopes: readonly string[]
  readonly readOnly: boolean
}
export interface CompiledTool extends CompiledItem {
  /** Of an alias: the name under which the server knows the tool. */
  readonly realName?: string
  readonly idempotent: boolean
  /** Its calls carry a request capability. */
  readonly usesPlatform: boolean
  /** Arguments that travel as headers too. */
  readonly paramHeaders: readonly ParamHeader[]
  /** How it runs as a task; absent = it does not. */
  readonly task?: TaskDefinition
}
/** A prompt or a resource template; `completes` names the arguments the server completes. */
export interface CompletedItem extends CompiledItem {
  readonly completes: readonly string[]
}
export interface CompiledTemplate extends CompletedItem {
  readonly template: UriTemplate
}

/** JSON arrays in text: the values of `tools`, `prompts` … in the results of their lists. */
export interface Lists {
  readonly tools: string
  readonly prompts: string
  readonly resources: string
  readonly resourceTemplates: string
}

export interface CompiledServer {
  readonly entry: ServerEntry
  readonly tools: ReadonlyMap<string, CompiledTool>
  readonly prompts: ReadonlyMap<string, CompletedItem>
  /** By URI. */
  readonly resources: ReadonlyMap<string, CompiledItem>
  readonly templates: readonly CompiledTemplate[]
  /** Resources are the server's to list: there are such as the snapshot does not know. */
  readonly listsResources: boolean
  /** A tool stores attachments, which are read as resources. */
  readonly attaches: boolean
  readonly lists: Lists
  /** What the server has something of, and nothing else. */
  readonly capabilities: Capabilities
  /** Union of the scopes of everything, sorted. */
  readonly scopes: readonly string[]
}

export interface Capabilities extends JsonObject {
  /** Every handler may log. */
  logging: JsonObject
  tools?: JsonObject
  prompts?: JsonObject
  resources?: JsonObject
  completions?: JsonObject
  /** Of 2026-07-28 alone. */
  extensions?: JsonObject
}

export function compileServer(entry: ServerEntry): CompiledServer {
  const { tools, prompts = [], resources = [], resourceTemplates = [] } = entry.definitions
  const all = [...tools, ...prompts, ...resources, ...resourceTemplates]
  return {
    entry,
    tools: compileTools(tools, entry.aliases ?? {}),
    prompts: new Map(
      prompts.map(({ wire, scopes, completes = [] }) => [
        wire.name,
        { subject: { kind: 'prompt', name: wire.name }, scopes, readOnly: true, completes },
      ]),
    ),
    resources: new Map(
      resources.map(({ wire, scopes }) => [
        wire.uri,
        { subject: { kind: 'resource', name: wire.uri }, scopes, readOnly: true },
      ]),
    ),
    templates: resourceTemplates.flatMap(compileTemplate),
    listsResources: resourceTemplates.some(({ lists }) => lists === true),
    attaches: attaches(tools),
    lists: {
      tools: listOf(tools),
      prompts: listOf(prompts),
      resources: listOf(resources),
      resourceTemplates: listOf(resourceTemplates),
    },
    capabilities: capabilitiesOf(entry),
    scopes: [...new Set(all.flatMap(({ scopes }) => scopes))].sort(),
  }
}

const attaches = (tools: readonly ToolDefinition[]): boolean =>
  tools.some(({ uses }) => uses?.includes('attach'))

const listOf = (items: readonly { wire: object }[]): string =>
  JSON.stringify(items.map(({ wire }) => wire))

function compileTools(
  tools: readonly ToolDefinition[],
  aliases: Readonly<Record<string, string>>,
): Map<string, CompiledTool> {
  const compiled = new Map(tools.map((tool) => [tool.wire.name, compileTool(tool)]))
  for (const [alias, name] of Object.entries(aliases)) {
    const tool = compiled.get(name)
    if (tool && !compiled.has(alias)) compiled.set(alias, { ...tool, realName: name })
  }
  return compiled
}

function compileTool({ wire, scopes, declared, uses = [], task }: ToolDefinition): CompiledTool {
  const { name, annotations: hints, inputSchema } = wire
  return {
    subject: { kind: 'tool', name, ...(hints ? { hints } : {}) },
    scopes,
    readOnly: hints?.readOnlyHint === true && declared?.readOnly !== false,
    idempotent: hints?.idempotentHint === true && declared?.idempotent !== false,
    usesPlatform: uses.length > 0,
    paramHeaders: markedIn(inputSchema),
    ...(task ? { task } : {}),
  }
}

/** Every server has a hub, so every list is one whose changes are told. */
const CHANGES = { listChanged: true }

function capabilitiesOf({ definitions, emptied = [] }: ServerEntry): Capabilities {
  const { tools, prompts = [], resources = [], resourceTemplates = [] } = definitions
  const has = (kind: (typeof emptied)[number], items: readonly unknown[]): boolean =>
    items.length > 0 || emptied.includes(kind)
  return {
    logging: {},
    ...(has('tools', tools) ? { tools: CHANGES } : {}),
    ...(has('prompts', prompts) ? { prompts: CHANGES } : {}),
    ...(has('resources', [...resources, ...resourceTemplates])
      ? { resources: { ...CHANGES, subscribe: true } }
      : attaches(tools)
        ? { resources: {} }
        : {}),
    ...([...prompts, ...resourceTemplates].some(({ completes = [] }) => completes.length > 0)
      ? { completions: {} }
      : {}),
    ...(tools.some(({ task }) => task) ? TASKS_CAPABILITY : {}),
  }
}

/** Whose it is, its capability says; no policy names it. */
const ATTACHMENT: CompiledItem = { scopes: [], readOnly: true }

/** What a resource URI belongs to; `undefined`: the server has no such resource. */
export function resourceAt(server: CompiledServer, uri: string): CompiledItem | undefined {
  return (
    server.resources.get(uri) ??
    server.templates.find(({ template }) => matchUri(template, uri) !== undefined) ??
    (server.attaches && attachmentIdOf(uri) !== undefined ? ATTACHMENT : undefined)
  )
}

/** A marking that is wrong is none: clients drop such a tool, and its own build refuses it. */
function markedIn(inputSchema: JsonObject): readonly ParamHeader[] {
  const params = paramHeadersOf(inputSchema)
  return params.ok ? params.value : []
}

/** A template of a later release that we cannot read matches nothing. */
function compileTemplate(definition: ResourceTemplateDefinition): CompiledTemplate[] {
  const { wire, scopes, completes = [] } = definition
  const template = parseUriTemplate(wire.uriTemplate)
  const subject = { kind: 'resource', name: wire.uriTemplate } as const
  return template.ok
    ? [{ template: template.value, subject, scopes, readOnly: true, completes }]
    : []
}
