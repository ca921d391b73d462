import { defineTool } from '#shared'

export default defineTool({
  description: 'Clears the desk.',
  title: 'Clear the desk',
  scopes: { 'desk:read': 'See what is on your desk', 'desk:clear': 'Clear your desk' },
  handler: () => 'cleared',
})
