import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Reports progress, then asks for a confirmation',
  async handler(_args, { elicit, progress }) {
    await progress(1, 2, 'About to ask')
    const answer = await elicit('confirm', 'Please confirm', z.object({ confirmed: z.boolean() }))
    return `Elicitation completed: ${answer.action}`
  },
})
