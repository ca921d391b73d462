import { defineTool } from '#shared'
import * as z from 'zod'
import { remember } from '../calls.ts'

const TICK_MS = 100

export default defineTool({
  description: 'Reports progress until somebody stops it',
  input: z.object({ mark: z.string().max(80) }),
  annotations: { readOnlyHint: true },
  async handler({ mark }, { progress, signal }) {
    signal.addEventListener('abort', () => remember('stopped', mark))
    for (let tick = 1; !signal.aborted; tick++) {
      await progress(tick)
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
    return 'stopped'
  },
})
