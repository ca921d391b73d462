/** The least a Worker can do: a fixed answer, the body not read. */
const ANSWER = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { ok: true } })
const HEADERS = { 'content-type': 'application/json' }

export default {
  fetch: () => new Response(ANSWER, { headers: HEADERS }),
}
