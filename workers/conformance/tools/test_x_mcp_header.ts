import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Takes a region that travels as a header too',
  input: z.object({
    region: z.string().optional().meta({ 'x-mcp-header': 'Region', description: 'Any text' }),
  }),
  handler: ({ region }) => `Region: ${region ?? 'none'}`,
})
