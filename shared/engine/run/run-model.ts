/** What a compiled server, a run of one of its tools and the services of the platform know of each other. Types only. */
import type { Opened, Page } from '../author/elicit.ts'
import type { JsonObject } from '../../protocol/jsonrpc.ts'
import type { RunState } from './request-state.ts'
import type { ModernRequest } from '../../protocol/revisions/2026-07-28/ladder.ts'
import type { Caller } from '../caller.ts'
import type { Work } from './work.ts'
import type { Built } from '../built.ts'
import type { Tool } from '../author/define.ts'
import type { PlatformContext } from '../author/platform.ts'
import type { Server } from '../author/server.ts'

export interface CompiledTool extends Work {
  readonly tool: Tool
  readonly maxOutputBytes: number
}

export interface Compiled {
  readonly built: Built
  readonly server: Server
  readonly tools: ReadonlyMap<string, CompiledTool>
  /** JSON text of the `_meta` members every result carries, without braces. */
  readonly metaJson: string
  /** How its tools use PLATFORM. */
  readonly platform: PlatformUse
}

export interface RunInput {
  readonly compiled: Compiled
  readonly work: Work
  /** As sent: the run is bound to them. */
  readonly rawArgs: unknown
  /** As validated. */
  readonly args: Record<string, unknown>
  readonly caller: Caller
  readonly message: ModernRequest
  readonly request: Request
  readonly env: Cloudflare.Env
  /** Of an earlier round, opened and checked. */
  readonly state: RunState | undefined
  readonly responses: JsonObject | undefined
}

/** The whole JSON-RPC message that ends a call, and the status it has when nothing was streamed. */
export interface Reply {
  readonly status: number
  readonly json: string
  /** It tells of a failure. */
  readonly isError?: true
}

/** What the platform's members need of the run they act in. */
export interface RunScope {
  readonly input: Pick<RunInput, 'env' | 'caller' | 'compiled' | 'work'>
  /** Begins at the first use; of a later round it is the first round's. */
  readonly runState: RunState
  /** Nothing can be recorded of it yet: it began in this very call. */
  readonly isFresh: boolean
  /** Whether the client can be asked to open a page. */
  readonly asksPages: boolean
  /** As `elicit` with a page. */
  askPage(key: string, message: string, page: Page): Promise<Opened>
}

export interface PlatformUse {
  /** What the handler gets of it. */
  members(run: RunScope): PlatformContext
  /** Compare-and-set: `false` when the answers of this round, or of a later one, were used already. */
  claim(input: RunScope['input'], state: RunState): Promise<boolean>
  /** The round ended in a further question: its answers may be sent again. */
  release(input: RunScope['input'], state: RunState): Promise<void>
}

/** What one feature brings of it. */
export type PlatformPart = Partial<Omit<PlatformUse, 'members'>> & {
  members(run: RunScope): Partial<PlatformContext>
}
