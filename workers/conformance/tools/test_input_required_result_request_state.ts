import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks for a confirmation that must come back with its requestState',
  async handler(_args, { elicit }) {
    const answer = await elicit('confirm', 'Please confirm', z.object({ ok: z.boolean() }))
    return `state-ok: ${answer.action}`
  },
})
