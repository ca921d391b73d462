import { defineTool } from '#shared'

export default defineTool({
  description: 'Rings the bell; needs no scope of its own.',
  handler: () => 'ding',
})
