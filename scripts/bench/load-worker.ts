/**
 * The load generator's own process, pinned to a core of its own. Sends the
 * exchanges of a job in turn on each connection, the next when the answer to
 * the last is whole, and checks every answer.
 */
import { HttpConnection } from './http-connection.ts'
import type { LoadJob, LoadReply } from './load.ts'
import { wrongWith } from './request.ts'
import { quantile } from './statistics.ts'

process.on('message', (job: LoadJob) => {
  void run(job)
    .catch((error: unknown): LoadReply => ({ failure: String(error) }))
    .then((reply) => process.send?.(reply))
})

async function run(job: LoadJob): Promise<LoadReply> {
  const { port, exchanges, connections, milliseconds, sentOnce } = job
  const prepared = exchanges.map((exchange) => ({
    exchange,
    bytes: Buffer.from(exchange.request),
  }))
  const opened = await Promise.all(
    Array.from({ length: connections }, () => HttpConnection.open(port)),
  )
  const latenciesUs: number[] = []
  const startMs = performance.now()
  const endMs = startMs + milliseconds

  /** Of exchanges that are sent once, all connections take the next. */
  let taken = 0

  async function drive(connection: HttpConnection, offset: number): Promise<void> {
    for (let turn = offset; ; turn++) {
      const next = prepared[sentOnce ? taken++ : turn % prepared.length]
      const sentMs = performance.now()
      if (!next || sentMs >= endMs) return
      const answer = await connection.send(next.bytes)
      latenciesUs.push((performance.now() - sentMs) * 1000)
      const wrong = wrongWith(next.exchange, answer)
      if (wrong !== undefined) throw new Error(wrong)
    }
  }

  try {
    await Promise.all(opened.map(drive))
    return {
      calls: latenciesUs.length,
      seconds: (performance.now() - startMs) / 1000,
      latencyP50Us: quantile(latenciesUs, 0.5),
      latencyP99Us: quantile(latenciesUs, 0.99),
    }
  } finally {
    for (const connection of opened) connection.close()
  }
}
