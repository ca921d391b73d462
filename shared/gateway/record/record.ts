/**
 * Step `record` of a call: tells the gateway's Meter how the call ended, whether the server
 * or the gateway answered. A stream is recorded when it ends. Never delays or fails an answer.
 */
import type { McpRequest, ServerCall } from '../mcp-request.ts'
import type { CallOutcome, RecordedCall, ServerRecord } from '../ports.ts'
import { type StreamEnd, watchEnd } from './watch-end.ts'

/** The answer of a server, or what the gateway answers in its place. */
export interface Answered {
  /** The revision that was asked. */
  readonly server: ServerRecord
  readonly answer: Response
  readonly isError: boolean
  /** Absent: the server was not asked. */
  readonly outcome?: 'answer' | 'unknown_server' | 'digest_mismatch' | 'bad_answer'
}

/** @returns the answer, watched to its end where it is a stream */
export function recordAnswer(
  mcp: McpRequest,
  call: ServerCall,
  startedMs: number,
  { server, answer, isError, outcome }: Answered,
): Response {
  const { clock, meter } = mcp.gateway
  const latencyMs = clock.nowMs() - startedMs
  const told = (responseBytes: number | undefined, how: StreamEnd): void => {
    meter.record(
      {
        ...subjectOf(mcp, call, server),
        outcome: outcomeOf(isError, how, outcome),
        wasAsked: outcome !== undefined,
        status: answer.status,
        latencyMs,
        durationMs: clock.nowMs() - startedMs,
        ...(responseBytes === undefined ? {} : { responseBytes }),
      },
      mcp.lifetime,
    )
  }
  return watchEnd(answer, told)
}

function outcomeOf(isError: boolean, how: StreamEnd, outcome: Answered['outcome']): CallOutcome {
  if (outcome !== undefined && outcome !== 'answer') return 'failed'
  if (how === 'broken') return 'failed'
  if (how === 'left') return 'left'
  return isError ? 'tool_error' : 'ok'
}

/** A call that policy, scopes, a replayed proof or a limit refused: the server was not asked. */
export function recordRefusal(
  mcp: McpRequest,
  call: ServerCall,
  status: number,
  startedMs: number,
): void {
  const latencyMs = mcp.gateway.clock.nowMs() - startedMs
  mcp.gateway.meter.record(
    {
      ...subjectOf(mcp, call, mcp.server),
      outcome: status === 429 ? 'limited' : 'denied',
      wasAsked: false,
      status,
      latencyMs,
      durationMs: latencyMs,
    },
    mcp.lifetime,
  )
}

function subjectOf(
  { caller }: McpRequest,
  { method, name, body }: ServerCall,
  { name: server, arm, hasCanary }: ServerRecord,
): Pick<
  RecordedCall,
  'principal' | 'server' | 'arm' | 'hasCanary' | 'method' | 'name' | 'requestChars'
> {
  const named = name === undefined ? {} : { name }
  return {
    principal: caller.principal,
    server,
    arm,
    hasCanary,
    method,
    ...named,
    requestChars: body.length,
  }
}
