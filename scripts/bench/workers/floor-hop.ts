/** The least a gateway can do: read the body, fetch another Worker, hand its answer on under headers of its own. */
const HEADERS = { 'content-type': 'application/json' }

interface Env {
  /** The other Worker as a binding; else `SERVER_URL` says where it is. */
  SERVER?: { fetch: typeof fetch }
  SERVER_URL?: string
}

export default {
  async fetch(request: Request, { SERVER, SERVER_URL = 'https://server.internal/' }: Env) {
    const init = { method: 'POST', headers: HEADERS, body: await request.text() }
    const answer = await (SERVER ? SERVER.fetch(SERVER_URL, init) : fetch(SERVER_URL, init))
    return new Response(answer.body, { status: answer.status, headers: HEADERS })
  },
}
