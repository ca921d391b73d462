/**
 * The seam between a run and PLATFORM. A server whose tools use it gets the
 * features that bring it with its entry; any other has only this, and none of their code.
 */
import { type PlatformUse, type PlatformPart } from '../run/run-model.ts'
import type { PlatformContext } from '../author/platform.ts'

const missing = (use: string) => (): never => {
  throw new Error(
    `${use} needs PLATFORM, and the generator saw no use of it in this server: call it as context.${use}, in a file of the server's folder`,
  )
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
