/**
 * Steps 3 to 7 of one call, whichever era it came in: decide, limit,
 * forward, record. The answer is of the 2026-07-28 wire, or the router's refusal.
 */
import { challengeResponse } from '../identity/challenge.ts'
import { maySee } from '../catalog/policy.ts'
import { missingScopes, reduceScopes, scopesForTool } from '../identity/scopes.ts'
import { errorResponse, SERVER_ERROR } from '../protocol/errors.ts'
import { echoableId, parseJson, type RequestId } from '../protocol/jsonrpc.ts'
import type { TaskDecision } from '../contracts/inner-wire.ts'
import { withRealName } from './alias.ts'
import { assertionFor } from './assertions.ts'
import { readAttachment } from './attachments.ts'
import type { ServerRecord } from '../../workers/router/catalog/catalog-view.ts'
import { decisionFor } from './decisions.ts'
import type { Exchange } from './exchange.ts'
import { ANSWER_HEADERS, forward, type ForwardOutcome } from './forward.ts'
import { limit } from './limit.ts'
import { TARGET_MAX_CHARS } from './limits.ts'
import { resourceMetadataUrlOf } from '../../workers/router/match.ts'
import { record } from './record.ts'
import { refuseReplay } from './replay.ts'
import { isAttachment, targetFor, unknownTarget, type CalledMethod } from './target.ts'

export interface ModernCall {
  readonly method: CalledMethod
  /** As `decidedName` gives it. */
  readonly name: string | undefined
  /** 2026-07-28 headers; the internal ones are added here. */
  readonly headers: Record<string, string>
  readonly body: string
  /** Ends the call; default: the client's disconnect does. */
  readonly signal?: AbortSignal
  /** Of a tool that is, or may become, a task. */
  readonly task?: TaskDecision
  /** The answer is the client's, and nothing in this isolate reads it. */
  readonly unread?: boolean
}

export async function callServer(exchange: Exchange, call: ModernCall): Promise<Response> {
  const refusal = await refuseCall(exchange, call)
  if (refusal) return refusal
  const { method, name } = call
  if (isAttachment(method, name)) return readAttachment(exchange, name ?? '', idOf(call.body))
  const startedMs = Date.now()
  const outcome = await sendDecided(exchange, call)
  if (outcome instanceof Response) return outcome
  record(exchange, outcome, Date.now() - startedMs)
  return answerOf(outcome.sent, exchange, call)
}

/** Steps 3 and 4 alone: of a call that is not sent now. */
export async function refuseCall(
  exchange: Exchange,
  call: ModernCall,
): Promise<Response | undefined> {
  return (await refuse(exchange, exchange.server, call)) ?? limit()
}

/** What a call came to, and of which revision. */
export interface Sent {
  readonly server: ServerRecord
  readonly sent: ForwardOutcome
}

/** @returns a `Response` where the call was refused after all */
async function sendDecided(exchange: Exchange, call: ModernCall): Promise<Sent | Response> {
  const { server } = exchange
  const first = await send(exchange, server, call)
  if (first.kind !== 'digest_mismatch') return { server, sent: first }

  // The server was redeployed since the snapshot was made, and its handler has
  // not run: learn what it is now, decide again, and send once more.
  const { catalog } = exchange.platform
  const { principal } = exchange.caller
  const { name, arm } = exchange.server
  const renewed = await catalog.redescribe(name, exchange.ctx, principal, arm.script)
  if (!renewed || !maySee(principal, renewed.policy)) {
    return { server, sent: { kind: 'unknown_server' } }
  }
  const secondRefusal = await refuse(exchange, renewed, call)
  if (secondRefusal) return secondRefusal
  return { server: renewed, sent: await send(exchange, renewed, call) }
}

async function refuse(
  exchange: Exchange,
  server: ServerRecord,
  call: ModernCall,
): Promise<Response | undefined> {
  return decide(exchange, server, call) ?? (await refuseReplay(exchange, server, call))
}

/** Policy for (principal, server, target), then scope: the two different no's (DESIGN §4.7). */
export function decide(
  exchange: Exchange,
  server: ServerRecord,
  call: ModernCall,
): Response | undefined {
  const { caller, feed } = exchange
  const target = targetFor(server, caller.principal, call.method, call.name)
  if (!target || (call.name?.length ?? 0) > TARGET_MAX_CHARS) {
    const failure = unknownTarget(call.method, call.name)
    return errorResponse(idOf(call.body), failure, ANSWER_HEADERS)
  }
  const held = caller.principal.scopes
  const needed = call.method === 'tools/call' ? scopesForTool(target, held) : target.scopes
  if (missingScopes(needed, held).length > 0) return challenge(exchange, needed)
  if (feed.unreachable && !target.readOnly) {
    return uncheckable(idOf(call.body))
  }
  return undefined
}

/** Listed, but not to be called with this token: names all that it needs (DESIGN §4.7). */
export function challenge(
  { caller, platform, server }: Exchange,
  scopes: readonly string[],
): Response {
  const stranger = caller.grantId === undefined
  return challengeResponse({
    status: stranger ? 401 : 403,
    ...(stranger ? {} : { error: 'insufficient_scope' }),
    scheme: caller.principal.jkt === undefined ? 'Bearer' : 'DPoP',
    description: `This call needs the scope ${scopes.join(' ')}`,
    // What the token has is asked for again: a new sign-in must not lose it (MCP authorization, step-up).
    scopes: reduceScopes([...caller.principal.scopes, ...scopes]),
    resourceMetadataUrl: resourceMetadataUrlOf(platform.publicOrigin, server.name),
  })
}

async function send(
  { platform, caller, nowSeconds }: Exchange,
  server: ServerRecord,
  asked: ModernCall,
): Promise<ForwardOutcome> {
  const call = withRealName(server, asked)
  return forward({
    handle: server.handle,
    serverName: server.name,
    assertion: await assertionFor(caller, platform.signingKey, nowSeconds),
    decision: await decisionFor(platform, caller, server, call, nowSeconds),
    headers: call.headers,
    body: call.body,
    signal: call.signal,
    unread: call.unread,
  })
}

function answerOf(outcome: ForwardOutcome, exchange: Exchange, call: ModernCall): Response {
  switch (outcome.kind) {
    case 'answer':
      return outcome.response
    case 'unknown_server':
      exchange.platform.catalog.forget(exchange.server.name)
      return unavailable(idOf(call.body), 503, 'The server is not deployed right now')
    case 'digest_mismatch':
      return unavailable(idOf(call.body), 503, 'The server is being redeployed; retry soon')
    case 'bad_answer':
      return unavailable(
        idOf(call.body),
        502,
        `The server gave no usable answer (ref ${outcome.ref})`,
      )
  }
}

/** Revocations are unknown: what changes something does not run (DESIGN §2). */
export const uncheckable = (id: RequestId | null): Response =>
  unavailable(
    id,
    503,
    'Revocations cannot be checked right now; only read-only tools run. Retry soon',
  )

function unavailable(id: RequestId | null, status: 502 | 503, message: string): Response {
  const failure = { status, code: SERVER_ERROR, message }
  const retry = status === 503 ? { 'retry-after': '5' } : {}
  return errorResponse(id, failure, { ...ANSWER_HEADERS, ...retry })
}

/** Only refusals need the id, so only they pay for parsing the body. */
function idOf(body: string): RequestId | null {
  const parsed = parseJson(body)
  return parsed.ok ? echoableId(parsed.value) : null
}
