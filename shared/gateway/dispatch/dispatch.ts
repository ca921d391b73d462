/**
 * Step `dispatch` of a call that was decided on: assertion and decision are made, the
 * server is asked, and its answer becomes the caller's. A server that runs other
 * definitions than the decision was made on has not run its handler: it is described
 * anew, decided on again, and asked once more.
 */
import { maySee } from '../../catalog/policy.ts'
import { withRealName } from './alias.ts'
import { assertionFor } from './assertions.ts'
import { refuse } from '../decide/decide.ts'
import { decisionFor } from './decision-text.ts'
import { askServer, type ServerOutcome } from './inner-call.ts'
import type { McpRequest, Dispatched, ServerCall } from '../mcp-request.ts'
import type { ServerRecord } from '../ports.ts'
import { idOf, unavailable } from '../unavailable.ts'

/** @returns a `Response` where the call was refused when it was decided on again */
export async function dispatch(mcp: McpRequest, call: ServerCall): Promise<Dispatched | Response> {
  const { server } = mcp
  const first = await ask(mcp, server, call)
  if (first.kind !== 'digest_mismatch') return { server, outcome: first }

  const { catalog } = mcp.gateway
  const { principal } = mcp.caller
  const renewed = await catalog.redescribe(server.name, mcp.lifetime, principal, server.arm.script)
  if (!renewed || !maySee(principal, renewed.policy)) {
    return { server, outcome: { kind: 'unknown_server' } }
  }
  const refusal = await refuse(mcp, renewed, call)
  if (refusal) return refusal
  return { server: renewed, outcome: await ask(mcp, renewed, call) }
}

async function ask(
  { gateway, caller, nowSeconds }: McpRequest,
  server: ServerRecord,
  asked: ServerCall,
): Promise<ServerOutcome> {
  const call = withRealName(server, asked)
  return askServer({
    handle: server.handle,
    serverName: server.name,
    assertion: await assertionFor(caller, gateway.signingKey, nowSeconds),
    decision: await decisionFor(gateway, caller, server, call, nowSeconds),
    headers: call.headers,
    body: call.body,
    signal: call.signal,
    unread: call.unread,
  })
}

/** What the caller is answered. */
export function answerOf(outcome: ServerOutcome, mcp: McpRequest, call: ServerCall): Response {
  switch (outcome.kind) {
    case 'answer':
      return outcome.response
    case 'unknown_server':
      mcp.gateway.catalog.forget(mcp.server.name)
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
