import { defineTool } from '#shared'

export default defineTool({
  description: 'Waits for something that never comes',
  timeoutMs: 300,
  handler: () => new Promise<string>(() => undefined),
})
