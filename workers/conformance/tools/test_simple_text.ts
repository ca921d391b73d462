import { defineTool } from '#shared'

export default defineTool({
  description: 'Answers with a line of text',
  handler: () => 'This is a simple text response for testing.',
})
