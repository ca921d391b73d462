/**
 * A client says by the order of its `Accept` which form it would rather have where
 * we have both: most name JSON first, and get it; who names event streams first
 * gets one, also for an answer that is there at once.
 */
import {
  SSE_CONTENT_TYPE,
  SSE_HEADERS,
  sseMessage,
} from '../../protocol/revisions/2026-07-28/sse.ts'

export async function inPreferredForm(
  accept: string | null,
  response: Response,
): Promise<Response> {
  const [first = ''] = (accept ?? '').split(/[;,]/, 1)
  const isJson = response.headers.get('content-type') === 'application/json'
  if (response.status !== 200 || !isJson || first.trim() !== SSE_CONTENT_TYPE) return response
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(SSE_HEADERS)) headers.set(name, value)
  return new Response(sseMessage(await response.text()), { headers })
}
