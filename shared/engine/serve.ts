/**
 * The engine: one server on the one inner wire (`POST /mcp`, MCP 2026-07-28).
 * Compiled when the isolate starts; a call constructs no server and no transport
 * and parses its body once. Believes nobody but the router (`caller.ts`), and
 * runs nothing the router did not decide on.
 */
import { isPlatform } from '../identity/principal.ts'
import { logUnexpected } from '../lib/log.ts'
import { decidedName } from '../protocol/revisions/2026-07-28/decided-name.ts'
import { climbLadder, type ModernRequest } from '../protocol/revisions/2026-07-28/ladder.ts'
import { readBody } from '../protocol/body.ts'
import {
  errorResponse,
  headerMismatch,
  internalError,
  methodNotAllowed,
  methodNotFound,
  SERVER_ERROR,
  unauthorized,
  unsupportedMediaType,
} from '../protocol/errors.ts'
import { isJsonContentType } from '../protocol/headers.ts'
import { parseJson } from '../protocol/jsonrpc.ts'
import type { Server } from './author/server.ts'
import { DIGEST_HEADER, DIGEST_MISMATCH_STATUS } from '../contracts/inner-wire.ts'
import type { Built } from './built.ts'
import { CallerReader, type Caller } from './caller.ts'
import { callTool } from './call-tool.ts'
import { compile } from './compile.ts'
import type { Compiled } from './run/run-model.ts'
import { describe } from './describe.ts'
import type { Feature, Method } from './features/feature.ts'
import { REQUEST_BODY_MAX_BYTES } from './limits.ts'
import type { Call } from './respond.ts'

/** Shape of a Worker's default export. */
export interface ServerWorker {
  fetch(request: Request, env: Cloudflare.Env): Promise<Response>
}

type Methods = ReadonlyMap<string, Method>

/** What the generated entry exports by default. @param features those its definitions need */
export function serve(server: Server, built: Built, ...features: Feature[]): ServerWorker {
  const compiled = compile(
    server,
    built,
    features.flatMap(({ platform }) => platform ?? []),
  )
  const methods: Methods = new Map<string, Method>([
    ['tools/call', { audience: 'callers', answer: callTool }],
    ['server/discover', { audience: 'platform', answer: describe }],
    ...features.flatMap((feature) => Object.entries(feature(compiled))),
  ])
  const callers = new CallerReader(built)
  return {
    async fetch(request, env) {
      try {
        return await receive(compiled, methods, callers, request, env)
      } catch (error) {
        const ref = logUnexpected('request_failed', error, { server: built.name })
        return errorResponse(null, internalError(ref))
      }
    },
  }
}

async function receive(
  compiled: Compiled,
  methods: Methods,
  callers: CallerReader,
  request: Request,
  env: Cloudflare.Env,
): Promise<Response> {
  if (!request.url.endsWith('/mcp')) return new Response(null, { status: 404 })
  if (request.method !== 'POST') return errorResponse(null, methodNotAllowed())
  const caller = await callers.read(request.headers, Math.floor(Date.now() / 1000))
  if (!caller) return errorResponse(null, unauthorized())
  const { digest } = compiled.built
  if (!isPlatform(caller.principal) && caller.decision.digest !== digest) return mismatch(digest)
  if (!isJsonContentType(request.headers.get('content-type'))) {
    return errorResponse(null, unsupportedMediaType())
  }
  const text = await readBody(request, REQUEST_BODY_MAX_BYTES)
  if (!text.ok) return errorResponse(null, text.failure)
  const body = parseJson(text.value)
  if (!body.ok) return errorResponse(null, body.failure)
  const climbed = climbLadder(request.headers, body.value)
  if (!climbed.ok) return errorResponse(climbed.failure.id, climbed.failure.error)
  const message = climbed.value
  if (message.kind === 'notification') return new Response(null, { status: 202 })
  return decided(caller, message) ?? dispatch(methods, { compiled, caller, message, request, env })
}

/** The call was decided on other definitions: refused before anything runs (DESIGN §2). */
const mismatch = (digest: string): Response =>
  errorResponse(
    null,
    {
      status: DIGEST_MISMATCH_STATUS,
      code: SERVER_ERROR,
      message: 'Other definitions are running',
    },
    { [DIGEST_HEADER]: digest },
  )

/** A body that says other than the decision authorised is refused (DESIGN §3.6). */
function decided({ decision }: Caller, message: ModernRequest): Response | undefined {
  const { method, params, id } = message
  if (method !== decision.method) {
    return errorResponse(
      id,
      headerMismatch(decision.method, `the body names method ${method}, which was not decided on`),
    )
  }
  const name = decidedName(method, params)
  if (name === decision.name) return undefined
  return errorResponse(
    id,
    headerMismatch(
      decision.name ?? '(missing)',
      `the body names ${name ?? 'nothing'}, which was not decided on`,
    ),
  )
}

function dispatch(methods: Methods, call: Call): Response | Promise<Response> {
  const method = methods.get(call.message.method)
  const platform = isPlatform(call.caller.principal)
  // No tool accepts the platform: it describes servers, it does not act for anybody.
  if (platform && method?.audience === 'callers') {
    return errorResponse(call.message.id, unauthorized())
  }
  if (!method || (method.audience === 'platform' && !platform)) {
    return errorResponse(call.message.id, methodNotFound())
  }
  return method.answer(call)
}
