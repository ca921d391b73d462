import { defineTool } from '#shared'
import { calls } from '../calls.ts'

export default defineTool({
  description: 'What ran in this isolate',
  annotations: { readOnlyHint: true },
  handler: () => calls,
})
