import { defineTool, ToolError } from '#shared'

export default defineTool({
  description: 'Always fails',
  handler() {
    throw new ToolError('This tool intentionally returns an error for testing')
  },
})
