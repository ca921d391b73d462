/**
 * The way from a handler to PLATFORM: its binding and this call's capability, and
 * what becomes of its refusals. A missing binding is masked for callers; the log
 * line says the remedy.
 */
import {
  platformOf,
  type Platform,
  type PlatformFailure,
  type Rpc,
} from '../../contracts/entrypoints.ts'
import type { Result } from '../../lib/result.ts'
import type { RunScope } from '../run/run-model.ts'

type Input = RunScope['input']

/** One binding and the leave to use it. */
export interface Link {
  readonly platform: Rpc<Platform>
  readonly capability: string
}

/** @throws Error that is masked for callers and says the remedy in the log */
export function linkOf({ env, caller, compiled, work }: Input, use: string): Link {
  const { PLATFORM } = env as { PLATFORM?: Fetcher }
  const where = `"${work.name}" uses ${use}, but`
  if (!PLATFORM) {
    const line = '{ binding = "PLATFORM", service = "mcp-edge-objects", entrypoint = "Platform" }'
    const file = `workers/${compiled.built.name}/wrangler.toml`
    throw new Error(`${where} there is no binding PLATFORM: add services = [${line}] to ${file}`)
  }
  const { capability } = caller.decision
  if (capability === undefined) {
    throw new Error(
      `${where} the router sent no capability: the generator saw no use of it in this tool. Call it as context.${use}, in a file of the server's folder`,
    )
  }
  return { platform: platformOf(PLATFORM), capability }
}

/** The value; a failure the model can act on as it is worded, any other masked. */
export function valueOf<Value>(
  use: string,
  result: Result<Value, PlatformFailure>,
  worded: Partial<Record<PlatformFailure['reason'], () => Error>> = {},
): Value {
  if (result.ok) return result.value
  const { reason } = result.failure
  throw worded[reason]?.() ?? new Error(`PLATFORM refused ${use}: ${reason}`)
}
