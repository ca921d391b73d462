/**
 * The seam between a run and PLATFORM. A server whose tools use it gets the
 * features that bring it with its entry; any other has only this, and none of their code.
 */
import type { Opened, Page } from './author/elicit.ts'
import type { PlatformContext } from './author/platform.ts'
import type { RunInput } from './run.ts'
import type { RunState } from './request-state.ts'

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

const missing = (use: string) => (): never => {
  throw new Error(
    `${use} needs PLATFORM, and the generator saw no use of it in this server: call it as context.${use}, in a file of the server's folder`,
  )
}

/** What one feature brings of it. */
export type PlatformPart = Partial<Omit<PlatformUse, 'members'>> & {
  members(run: RunScope): Partial<PlatformContext>
}

const MISSING: PlatformContext = {
  once: missing('once'),
  state: missing('state'),
  notify: missing('notify'),
  connection: missing('connection'),
  attach: missing('attach'),
}

/** Of a server whose tools use nothing of it. */
const NO_PLATFORM: PlatformUse = {
  members: () => MISSING,
  claim: missing('elicit'),
  release: missing('elicit'),
}

/** What the features of a server bring together. */
export function joined(parts: readonly PlatformPart[]): PlatformUse {
  if (parts.length === 0) return NO_PLATFORM
  const members: PlatformUse['members'] = (run) =>
    Object.assign({}, MISSING, ...parts.map((part) => part.members(run))) as PlatformContext
  return Object.assign({}, NO_PLATFORM, ...parts, { members }) as PlatformUse
}
