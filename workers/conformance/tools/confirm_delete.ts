import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Deletes a file, after the user confirmed it',
  task: 'required',
  annotations: { destructiveHint: true, idempotentHint: true },
  input: z.object({ filename: z.string() }),
  async handler({ filename }, { elicit }) {
    const form = z.object({ confirm: z.boolean() })
    const answer = await elicit('confirm', `Delete ${filename}?`, form)
    const isConfirmed = answer.action === 'accept' && answer.content.confirm
    return isConfirmed ? `Deleted ${filename}` : `Kept ${filename}`
  },
})
