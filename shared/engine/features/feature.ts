/**
 * Methods beside `tools/call`. The generated entry passes in those its server
 * uses, so a server of tools alone carries none of their code.
 */
import { logUnexpected } from '../../lib/log.ts'
import { INTERNAL_ERROR, internalError, type WireError } from '../../protocol/errors.ts'
import { ToolError } from '../author/error.ts'
import type { Compiled, PlatformPart } from '../run/run-model.ts'
import type { Call } from '../respond.ts'
import { failed, type Ending } from '../run/work.ts'

export interface Method {
  /** Discovery is the router's to answer callers; here only the platform asks. */
  readonly audience: 'platform' | 'callers'
  answer(call: Call): Response | Promise<Response>
}

/** Prepared once per isolate. */
export interface Feature {
  (compiled: Compiled): Readonly<Record<string, Method>>
  /** What it brings of PLATFORM for handlers. */
  readonly platform?: PlatformPart
}

/** What a handler threw, as an error: only tools answer failures in a result. */
export function errorOf(server: string, name: string, error: unknown): WireError {
  if (!(error instanceof ToolError)) {
    return internalError(logUnexpected('handler_failed', error, { server, name }))
  }
  const { hint } = error.options
  const message = hint === undefined ? error.message : `${error.message}\n${hint}`
  const data = Object.keys(error.options).length > 0 ? { data: error.options } : {}
  return { status: 200, code: INTERNAL_ERROR, message, ...data }
}

/** The same as an end of a run. */
export const failureOf = (server: string, name: string, error: unknown): Ending =>
  failed(errorOf(server, name, error))

/** A run the engine ended, where results cannot say so. */
export const stopped = (message: string): Ending =>
  failed({ status: 200, code: INTERNAL_ERROR, message })
