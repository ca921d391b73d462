/**
 * What a server publishes, from its code. Only the generator and the test
 * client import this: definitions are computed at build time, not in a Worker.
 */
import type {
  Definitions,
  PromptDefinition,
  ResourceDefinition,
  ResourceTemplateDefinition,
  ToolDefinition,
} from '../../catalog/entry.ts'
import { paramHeadersOf } from '../../protocol/param-headers.ts'
import type { Tool } from './define.ts'
import { isJsonSchema } from './json-schema-input.ts'
import { DEFAULT_TASK_TTL_MS } from './limits.ts'
import { isArgumentList, type Prompt, type PromptArgument } from './prompt.ts'
import { isTemplate, type Resource } from './resource.ts'
import { resourceWire } from './resource-wire.ts'
import { scopeNames, scopeWords } from './scopes.ts'
import { serverInfoOf, type Server } from './server.ts'

type JsonSchema = Record<string, unknown>

/**
 * @param folder the server's name in SERVERS; its name on the wire unless the author gave one
 * @throws TypeError with the remedy, for schemas that cannot be said on the wire
 */
export function definitionsOf(server: Server, folder: string): Definitions {
  const prompts = Object.entries(server.prompts)
  const resources = Object.entries(server.resources)
  const fixed = resources.filter(([, resource]) => !isTemplate(resource))
  const templates = resources.filter(([, resource]) => isTemplate(resource))
  return {
    serverInfo: serverInfoOf(server, folder),
    ...(server.instructions === undefined ? {} : { instructions: server.instructions }),
    tools: Object.entries(server.tools).map(([name, tool]) => toolDefinition(name, tool)),
    // Absent where there are none: a server of tools alone keeps the digest it had.
    ...(prompts.length > 0
      ? { prompts: prompts.map(([name, prompt]) => promptDefinition(name, prompt)) }
      : {}),
    ...(fixed.length > 0
      ? { resources: fixed.map(([name, resource]) => resourceDefinition(name, resource)) }
      : {}),
    ...(templates.length > 0
      ? { resourceTemplates: templates.map(([name, one]) => templateDefinition(name, one)) }
      : {}),
    ...describedScopes(server),
  }
}

/** @throws TypeError for a scope that is described in two ways */
function describedScopes({ tools, prompts, resources }: Server): {
  scopeDescriptions?: Record<string, string>
} {
  const said = new Map<string, string>()
  for (const { scopes } of [tools, prompts, resources].flatMap((of) => Object.values(of))) {
    for (const [scope, words] of scopeWords(scopes)) {
      if ((said.get(scope) ?? words) !== words) {
        throw new TypeError(
          `Scope "${scope}" is described in two ways: say the same in both places.`,
        )
      }
      said.set(scope, words)
    }
  }
  return said.size > 0 ? { scopeDescriptions: Object.fromEntries(said) } : {}
}

function toolDefinition(name: string, tool: Tool): ToolDefinition {
  const { title, description, output, annotations, icons } = tool
  const inputSchema = inputSchemaOf(name, tool)
  const headers = paramHeadersOf(inputSchema)
  if (!headers.ok) throw new TypeError(`Tool "${name}": ${headers.failure}.`)
  return {
    wire: {
      name,
      ...(title === undefined ? {} : { title }),
      description,
      inputSchema,
      ...(output && {
        outputSchema: jsonSchema(`Tool "${name}"`, 'output', () =>
          output.toJSONSchema({ io: 'output' }),
        ),
      }),
      ...(annotations && { annotations: { ...annotations } }),
      ...(icons && { icons }),
    },
    scopes: [...scopeNames(tool.scopes)],
    ...taskOf(tool),
  }
}

/** Absent where there is none: a server without tasks keeps the digest it had. */
function taskOf({ task, restart, beginsInCall, taskTtlMs }: Tool): Pick<ToolDefinition, 'task'> {
  if (task === undefined) return {}
  return {
    task: {
      support: task,
      // Left out only where running twice does no harm (checked by defineTool).
      restart: restart ?? 'fromInput',
      beginsInCall: beginsInCall ?? false,
      ttlMs: taskTtlMs ?? DEFAULT_TASK_TTL_MS,
    },
  }
}

function inputSchemaOf(name: string, { input }: Tool): JsonSchema {
  if (input === undefined) return { type: 'object', properties: {} }
  return jsonSchema(`Tool "${name}"`, 'input', () =>
    isJsonSchema(input) ? input.schema : input.toJSONSchema({ io: 'input' }),
  )
}

function promptDefinition(name: string, prompt: Prompt): PromptDefinition {
  const { title, description, input, icons, scopes, complete } = prompt
  const args = input === undefined ? [] : isArgumentList(input) ? input : argumentsOf(name, input)
  return {
    wire: {
      name,
      ...(title === undefined ? {} : { title }),
      description,
      ...(args.length > 0 ? { arguments: args.map((argument) => ({ ...argument })) } : {}),
      ...(icons && { icons }),
    },
    scopes: [...scopeNames(scopes)],
    ...completesOf(complete),
  }
}

function argumentsOf(
  name: string,
  input: Exclude<NonNullable<Prompt['input']>, readonly unknown[]>,
): PromptArgument[] {
  const schema = jsonSchema(`Prompt "${name}"`, 'input', () => input.toJSONSchema({ io: 'input' }))
  const required = (schema['required'] ?? []) as string[]
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>
  return Object.entries(properties).map(([argument, property]) => {
    const { title, description, type } = property
    const coerced = (input.shape[argument] as { def?: { coerce?: boolean } }).def?.coerce === true
    if (type !== undefined && type !== 'string' && !coerced) {
      throw new TypeError(
        `Prompt "${name}": argument "${argument}" is a ${JSON.stringify(type)}, but prompts get texts. Use z.string(), z.enum() or z.coerce.`,
      )
    }
    return {
      name: argument,
      ...(typeof title === 'string' ? { title } : {}),
      ...(typeof description === 'string' ? { description } : {}),
      ...(required.includes(argument) ? { required: true } : {}),
    }
  })
}

const resourceDefinition = (name: string, resource: Resource): ResourceDefinition => ({
  wire: { uri: resource.uri, ...resourceWire(name, resource) },
  scopes: [...scopeNames(resource.scopes)],
})

const templateDefinition = (name: string, resource: Resource): ResourceTemplateDefinition => ({
  wire: { uriTemplate: resource.uri, ...resourceWire(name, resource) },
  scopes: [...scopeNames(resource.scopes)],
  ...completesOf(resource.complete),
  ...(resource.list ? { lists: true } : {}),
})

const completesOf = (complete: object | undefined): { completes?: string[] } =>
  complete === undefined ? {} : { completes: Object.keys(complete) }

function jsonSchema(name: string, part: string, convert: () => unknown): JsonSchema {
  try {
    // Drops zod's non-enumerable helpers: what is left is what travels.
    return JSON.parse(JSON.stringify(convert())) as JsonSchema
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TypeError(
      `${name}: its ${part} schema cannot be said in JSON Schema (${reason}). Use types that JSON has, e.g. z.iso.datetime() for a date.`,
    )
  }
}
