import { defineTool } from '#shared'

/** A WAV file without samples. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA='

export default defineTool({
  description: 'Answers with a sound',
  handler: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
})
