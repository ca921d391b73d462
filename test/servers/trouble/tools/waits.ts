import { defineTool } from '#shared'
import * as z from 'zod'
import { remember } from '../calls.ts'

export default defineTool({
  description: 'Says nothing until somebody stops it',
  input: z.object({ mark: z.string().max(80) }),
  annotations: { readOnlyHint: true },
  handler: ({ mark }, { signal }) => {
    remember('waiting', mark)
    return new Promise<string>((resolve) => {
      signal.addEventListener('abort', () => {
        remember('stopped', mark)
        resolve('stopped')
      })
    })
  },
})
