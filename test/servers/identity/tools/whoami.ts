import { defineTool } from '#shared'

export default defineTool({
  description: 'Says who calls, as the handler sees it.',
  annotations: { readOnlyHint: true },
  handler: (_, { principal }) => principal,
})
