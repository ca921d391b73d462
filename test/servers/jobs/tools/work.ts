import { defineTool } from '#shared'
import * as z from 'zod'
import { calls } from '../calls.ts'

/** Counts in steps; what it has begun in an earlier attempt is begun once. */
export default defineTool({
  description: 'Works in steps of 100 ms',
  task: 'optional',
  restart: 'fromInput',
  scopes: ['jobs:run'],
  input: z.object({ steps: z.int(), mark: z.string() }),
  async handler({ steps, mark }, { progress, once, signal, principal }) {
    calls.push(`attempt:${mark}`)
    signal.addEventListener('abort', () => calls.push(`stopped:${mark}`))
    const receipt = await once('begin', () => `${mark}-${crypto.randomUUID()}`)
    for (let step = 1; step <= steps; step++) {
      signal.throwIfAborted()
      await progress(step, steps, `step ${step}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return { receipt, who: principal.subject }
  },
})
