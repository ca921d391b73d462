import { defineTool } from '#shared'

/** One red pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='

export default defineTool({
  description: 'Answers with an image',
  handler: () => ({ content: [{ type: 'image', data: PNG, mimeType: 'image/png' }] }),
})
