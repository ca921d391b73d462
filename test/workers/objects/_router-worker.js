/**
 * The router as the Task object sees it, with servers that do what their arguments
 * say: `rounds[n]` is the answer to round n (its state is `n`), `rounds.at(-1)` to all
 * later ones. Plain JavaScript: an auxiliary Worker is not compiled.
 */
import { WorkerEntrypoint } from 'cloudflare:workers'

/** Attempts by task; the same process for all tests of a file. */
const calls = new Map()

export class Internal extends WorkerEntrypoint {
  async fetch(request) {
    const run = await request.json()
    const taskRun = run.decision.run.id
    const body = JSON.parse(run.body)
    const seen = calls.get(taskRun) ?? { attempts: 0, aborted: 0, runs: [] }
    calls.set(taskRun, seen)
    seen.attempts += 1
    seen.runs.push({ ...run, body })
    const { rounds, attempts } = body.params.arguments
    const step =
      attempts?.[seen.attempts - 1] ??
      rounds?.[Math.min(Number(body.params.requestState ?? 0), rounds.length - 1)]
    if (step.status) return Response.json(step.body, { status: step.status })
    request.signal.addEventListener('abort', () => (seen.aborted += 1))
    return new Response(stream(body, step), {
      headers: { 'content-type': 'text/event-stream' },
    })
  }

  /** For tests: what was asked of the router for one task. */
  seen(taskRun) {
    return calls.get(taskRun) ?? { attempts: 0, aborted: 0, runs: [] }
  }
}

function stream({ id, params }, { progress = [], hang, cut, result, error }) {
  const encoder = new TextEncoder()
  const event = (message) =>
    encoder.encode(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
  const { progressToken } = params._meta
  let keepAlive
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(': here\n\n'))
      for (const one of progress) {
        const told = { progressToken, ...one }
        controller.enqueue(event({ method: 'notifications/progress', params: told }))
      }
      if (hang) {
        keepAlive = setInterval(() => controller.enqueue(encoder.encode(': here\n\n')), 200)
        return
      }
      if (!cut) controller.enqueue(event(error ? { id, error } : { id, result }))
      controller.close()
    },
    cancel() {
      clearInterval(keepAlive)
    },
  })
}

export default { fetch: () => new Response(null, { status: 404 }) }
