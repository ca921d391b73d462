/** What a tool's handler gets of PLATFORM, beside what every handler gets. */
import type { ResourceLinkBlock } from './content.ts'
import type { ConnectionContext } from './connection.ts'
import type { State } from './state.ts'

/** Lists whose items clients know, or one resource by its URI. */
export type Change = 'tools' | 'prompts' | 'resources' | { readonly resource: string }

/** Who is told: the caller alone, in all their clients; everybody of their tenant; or everybody. */
export type Told = 'caller' | 'tenant' | 'everyone'

export type AttachmentBody = string | Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array>

export interface PlatformContext extends ConnectionContext {
  /**
   * Does something at most once in this call, however often the handler runs: a
   * recorded result is handed back instead. What fails records nothing and is
   * tried again by the next run, so hand `idempotencyKey` on to who can use it.
   *
   * @param key names the step within the tool; the same in every run
   * @param act its result must be JSON, ≤ 64 KiB; it comes back as JSON says it
   */
  once<Value>(key: string, act: (idempotencyKey: string) => Value | Promise<Value>): Promise<Value>
  /**
   * Stores what is too large to answer, and returns a link to it for the answer's
   * content: `{ content: [await attach('report.csv', csv, 'text/csv')] }`. The same
   * caller reads it as a resource of this server, for a day.
   *
   * @param name as a file is called; for people
   * @param body at most 10 MiB
   * @param type media type, such as `text/csv`
   * @throws ToolError `attachment_too_large`
   */
  attach(name: string, body: AttachmentBody, type: string): Promise<ResourceLinkBlock>
  /**
   * A small store that lasts: without a handle a new one, whose handle goes to the
   * model and comes back as an argument. Of the same caller and server only; it
   * ends seven days after its last use.
   *
   * @throws ToolError `unknown_handle`
   */
  state<Shape extends object = Record<string, unknown>>(handle?: string): Promise<State<Shape>>
  /**
   * Tells clients that listen to this server that something is not as they know
   * it; they ask again. Nobody listens: nothing happens. That a deploy changed the
   * server's own tools, prompts or resources is told without this.
   *
   * @param to default: the caller for resources, everyone for tools and prompts
   */
  notify(change: Change, to?: Told): Promise<void>
}
