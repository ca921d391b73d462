import { defineTool } from '#shared'

const CHARS = 20 * 1024 * 1024

export default defineTool({
  description: 'Answers 20 MB',
  handler: () => 'x'.repeat(CHARS),
})
