/** The least a gateway can do: read the body, fetch another Worker, hand its answer on under headers of its own. */
const HEADERS = { 'content-type': 'application/json' }

export default {
  async fetch(request: Request, env: { SERVER: { fetch: typeof fetch } }): Promise<Response> {
    const body = await request.text()
    const init = { method: 'POST', headers: HEADERS, body }
    const answer = await env.SERVER.fetch('https://server.internal/mcp', init)
    return new Response(answer.body, { status: answer.status, headers: HEADERS })
  },
}
