/** Refusal of a protocol version nobody here speaks (DESIGN §3.3). */
import {
  errorResponse,
  invalidRequest,
  unsupportedVersion,
  type WireError,
} from '../protocol/errors.ts'
import { VERSION_HEADER } from '../protocol/headers.ts'
import { echoableId, isObject, parseJson } from '../protocol/jsonrpc.ts'
import { readBody } from '../protocol/body.ts'
import { VERSION_KEY } from '../protocol/revisions/2026-07-28/envelope.ts'
import { SUPPORTED_VERSIONS } from '../protocol/versions.ts'
import { ANSWER_HEADERS } from '../protocol/answer-headers.ts'
import { REQUEST_BODY_MAX_BYTES } from './limits.ts'

/** −32022 with the supported list for a request of the modern era, a plain 400 for the rest. */
export async function refuseVersion(request: Request): Promise<Response> {
  const requested = request.headers.get(VERSION_HEADER) ?? ''
  const plain = invalidRequest(`Bad Request: Unsupported protocol version: ${requested}`)
  if (request.method !== 'POST') return refuse(null, plain)
  const body = await readBody(request, REQUEST_BODY_MAX_BYTES)
  if (!body.ok) return refuse(null, body.failure)
  const parsed = parseJson(body.value)
  if (!parsed.ok) return refuse(null, parsed.failure)
  const id = echoableId(parsed.value)
  return refuse(
    id,
    claimedVersion(parsed.value) === undefined
      ? plain
      : unsupportedVersion(SUPPORTED_VERSIONS, requested),
  )
}

/** The version a body claims in the 2026 envelope, whatever its type. */
export function claimedVersion(body: unknown): unknown {
  const params = isObject(body) ? body['params'] : undefined
  const meta = isObject(params) ? params['_meta'] : undefined
  return isObject(meta) ? meta[VERSION_KEY] : undefined
}

const refuse = (id: ReturnType<typeof echoableId>, failure: WireError): Response =>
  errorResponse(id, failure, ANSWER_HEADERS)
