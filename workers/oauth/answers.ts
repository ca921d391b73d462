/** JSON answers of the OAuth endpoints (RFC 6749 §5.2, RFC 7591 §3.2.2). */
export const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' }

/** Any origin may read: these endpoints take no ambient credentials. */
const OPEN = { 'access-control-allow-origin': '*' }

export function oauthError(status: number, error: string, description: string): Response {
  return Response.json(
    { error, error_description: description },
    { status, headers: { ...NO_STORE, ...OPEN } },
  )
}

/** The library's answer with another body: its status and headers stay, but the length. */
export function withJson(answer: Response, body: unknown): Response {
  const headers = new Headers(answer.headers)
  headers.delete('content-length')
  headers.set('content-type', 'application/json')
  return new Response(JSON.stringify(body), { status: answer.status, headers })
}
