import { defineTool } from '#shared'
import * as z from 'zod'

const STEP_MS = 500

export default defineTool({
  description: 'Computes for as many seconds as it is told, as a task where the client knows tasks',
  task: 'optional',
  annotations: { readOnlyHint: true },
  input: z.object({ seconds: z.number().min(0).max(600), label: z.string().default('result') }),
  async handler({ seconds, label }, { progress, signal }) {
    const endMs = Date.now() + seconds * 1000
    for (let leftMs = seconds * 1000; leftMs > 0; leftMs = endMs - Date.now()) {
      signal.throwIfAborted()
      await progress(seconds - leftMs / 1000, seconds, `${Math.ceil(leftMs / 1000)} s left`)
      await new Promise((resolve) => setTimeout(resolve, Math.min(leftMs, STEP_MS)))
    }
    return `${label}: computed for ${seconds} s`
  },
})
