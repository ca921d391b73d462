import { defineTool } from '#shared'

export default defineTool({
  description: 'Reads the desk.',
  title: 'Read the desk',
  annotations: { readOnlyHint: true },
  scopes: { 'desk:read': 'See what is on your desk' },
  handler: () => 'papers',
})
