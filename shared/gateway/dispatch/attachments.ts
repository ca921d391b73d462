/**
 * `resources/read` of an attachment (`ctx.attach`): answered by the platform, not by
 * the server, which may have no resources of its own. The capability names the
 * caller and the URI, so that nobody else's attachment can be meant.
 */
import { logEvent } from '../../lib/log.ts'
import { errorResponse, internalError } from '../../protocol/errors.ts'
import { readResponseParts } from '../../protocol/revisions/2026-07-28/results.ts'
import type { RequestId } from '../../protocol/request-id.ts'
import { limitStream } from './bounded-body.ts'
import { capabilityFor } from './decision-text.ts'
import type { McpRequest } from '../mcp-request.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { RESPONSE_BODY_MAX_BYTES, RESPONSE_STREAM_BOUNDS } from '../limits.ts'
import { unknownTarget } from '../decide/target.ts'

/** @param uri of an attachment, well-formed */
export async function readAttachment(
  { gateway, caller, server, nowSeconds }: McpRequest,
  uri: string,
  id: RequestId | null,
): Promise<Response> {
  const { subject, tenant, clientId } = caller.principal
  const method = 'resources/read'
  const acting = { server: server.name, tenant, subject, clientId, method, name: uri }
  const capability = await capabilityFor(gateway, acting, nowSeconds)
  const read = await gateway.services.readAttachment(capability)
  if (!read.ok) {
    const { reason } = read.failure
    if (reason === 'unknown') return errorResponse(id, unknownTarget(method, uri), ANSWER_HEADERS)
    const ref = crypto.randomUUID().slice(0, 8)
    logEvent('attachment_refused', { ref, server: server.name, reason })
    return errorResponse(id, internalError(ref), ANSWER_HEADERS)
  }
  const [head, tail] = readResponseParts(id, server.compiled.entry.definitions.serverInfo)
  const contents = limitStream(read.value, {
    ...RESPONSE_STREAM_BOUNDS,
    maxBytes: RESPONSE_BODY_MAX_BYTES,
  })
  return new Response(around(head, contents, tail), {
    headers: { 'content-type': 'application/json', ...ANSWER_HEADERS },
  })
}

function around(
  head: string,
  body: ReadableStream<Uint8Array>,
  tail: string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start: (controller) => controller.enqueue(encoder.encode(head)),
      flush: (controller) => controller.enqueue(encoder.encode(tail)),
    }),
  )
}
