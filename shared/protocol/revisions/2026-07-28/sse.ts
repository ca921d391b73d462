/**
 * The streamed form of an answer (transports/streamable-http): notifications of
 * this request, then its response, then the end. No event ids: 2026-07-28 has no
 * resumption. JSON text holds no raw line break, so one `data:` line is enough.
 */
export const SSE_CONTENT_TYPE = 'text/event-stream'

/** `X-Accel-Buffering: no` keeps reverse proxies from holding events back. */
export const SSE_HEADERS = {
  'content-type': SSE_CONTENT_TYPE,
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const

/** Keeps proxies from closing a quiet stream, and is how a disconnect is noticed. */
export const SSE_KEEP_ALIVE = ': keepalive\n\n'

export const sseMessage = (json: string): string => `event: message\ndata: ${json}\n\n`

/** Asks a 2025 client to let go and come back (SEP-1699); nothing to any other reader. */
export const sseRetry = (ms: number): string => `retry: ${ms}\n\n`
