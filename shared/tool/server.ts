/** `defineServer`: the tools of one server. The generated entry calls it; a hand-written `server.ts` may. */
import { isToolName } from '../names.ts'
import { known } from './check.ts'
import { isTool, type Tool } from './define.ts'

export interface ServerOptions {
  /** Default: the folder's name. */
  name?: string
  /** Default `1.0.0`. */
  version?: string
  /** Written for people. */
  title?: string
  /** How the tools belong together; clients may show it to the model. */
  instructions?: string
  tools: Record<string, Tool>
}

export interface Server extends Readonly<ServerOptions> {
  readonly tools: Readonly<Record<string, Tool>>
}

const OPTIONS: ReadonlySet<string> = new Set('name version title instructions tools'.split(' '))

/** @throws TypeError with the remedy, for unknown options, bad tool names and values that are no tools */
export function defineServer(options: ServerOptions): Server {
  known('defineServer', options, OPTIONS)
  for (const [name, tool] of Object.entries(options.tools)) {
    if (!isToolName(name)) {
      throw new TypeError(
        `Tool "${name}": use 1 to 64 of A-Z a-z 0-9 _ - as a name; claude.ai drops a whole server for another one.`,
      )
    }
    if (!isTool(tool)) {
      throw new TypeError(`Tool "${name}": its file must say \`export default defineTool({ … })\`.`)
    }
  }
  return Object.freeze({ ...options, tools: Object.freeze({ ...options.tools }) })
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
