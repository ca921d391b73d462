import { defineTool, ToolError } from '#shared'

export default defineTool({
  description: 'Fails in a way the model should read',
  handler() {
    throw new ToolError('The shelf is empty.', {
      code: 'shelf_empty',
      retryable: true,
      retryAfterMs: 1500,
      hint: 'Call restock first.',
    })
  },
})
