/**
 * `defineServer`: all one server offers. The generated entry calls it for a folder
 * of tools; an author does in `server.ts`, for prompts and resources too.
 */
import { isToolName } from '../../protocol/names.ts'
import { known } from './check.ts'
import { isTool, type Tool } from './define.ts'
import { isPrompt, type Prompt } from './prompt.ts'
import { isResource, type Resource } from './resource.ts'

export interface ServerOptions {
  /** Default: the folder's name. */
  name?: string
  /** Default `1.0.0`. */
  version?: string
  /** Written for people. */
  title?: string
  /** How the tools belong together; clients may show it to the model. */
  instructions?: string
  tools?: Record<string, Tool>
  prompts?: Record<string, Prompt>
  /** Of two templates that fit one URI, the first reads it. */
  resources?: Record<string, Resource>
}

export interface Server extends Readonly<ServerOptions> {
  readonly tools: Readonly<Record<string, Tool>>
  readonly prompts: Readonly<Record<string, Prompt>>
  readonly resources: Readonly<Record<string, Resource>>
}

const OPTIONS: ReadonlySet<string> = new Set(
  'name version title instructions tools prompts resources'.split(' '),
)

/** @throws TypeError with the remedy, for unknown options, bad names and values of another kind */
export function defineServer(options: ServerOptions): Server {
  known('defineServer', options, OPTIONS)
  const { tools = {}, prompts = {}, resources = {} } = options
  check('Tool', tools, isTool, 'its file must say `export default defineTool({ … })`')
  check('Prompt', prompts, isPrompt, 'make it with definePrompt({ … })')
  check('Resource', resources, isResource, 'make it with defineResource({ … })')
  const uris = Object.values(resources).map(({ uri }) => uri)
  const twice = uris.find((uri, index) => uris.indexOf(uri) < index)
  if (twice !== undefined) throw new TypeError(`Two resources are at "${twice}": keep one.`)
  return Object.freeze({ ...options, tools, prompts, resources })
}

function check(
  kind: string,
  items: Record<string, unknown>,
  isOne: (item: unknown) => boolean,
  remedy: string,
): void {
  for (const [name, item] of Object.entries(items)) {
    if (!isToolName(name)) {
      throw new TypeError(
        `${kind} "${name}": use 1 to 64 of A-Z a-z 0-9 _ - as a name; claude.ai drops a whole server for another one.`,
      )
    }
    if (!isOne(item)) throw new TypeError(`${kind} "${name}": ${remedy}.`)
  }
}

const DEFAULT_VERSION = '1.0.0'

/** How the server names itself on the wire. @param folder its name in SERVERS */
export function serverInfoOf(server: Server, folder: string) {
  return {
    name: server.name ?? folder,
    version: server.version ?? DEFAULT_VERSION,
    ...(server.title === undefined ? {} : { title: server.title }),
  }
}
