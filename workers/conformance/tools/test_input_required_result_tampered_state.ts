import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks for a confirmation; a changed requestState is refused',
  async handler(_args, { elicit }) {
    const answer = await elicit('confirm', 'Please confirm', z.object({ ok: z.boolean() }))
    return `Confirmed: ${answer.action}`
  },
})
