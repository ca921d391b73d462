/** The floor every figure is divided by: the body parsed, an answer of like size stringified. */
const HEADERS = { 'content-type': 'application/json' }

export default {
  async fetch(request: Request): Promise<Response> {
    const { id, params } = JSON.parse(await request.text())
    const { text } = params.arguments
    const answer = { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } }
    return new Response(JSON.stringify(answer), { headers: HEADERS })
  },
}
