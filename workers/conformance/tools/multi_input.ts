import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks two questions at once, and answers when both are answered',
  task: 'required',
  annotations: { readOnlyHint: true },
  async handler(_args, { elicit }) {
    const answers = await Promise.all([
      elicit('name', 'What is your name?', z.object({ name: z.string() })),
      elicit('confirm', 'Is that so?', z.object({ confirm: z.boolean() })),
    ])
    return answers.map(({ action }) => action).join(', ')
  },
})
