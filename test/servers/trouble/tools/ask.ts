import { defineTool } from '#shared'
import * as z from 'zod'
import { remember } from '../calls.ts'

export default defineTool({
  description: 'Asks the user before it acts',
  input: z.object({ mark: z.string().max(80) }),
  async handler({ mark }, { elicit }) {
    const answer = await elicit('sure', 'Really?', z.object({ sure: z.boolean() }))
    if (answer.action !== 'accept' || !answer.content.sure) return 'left alone'
    remember('ask', mark)
    return 'done'
  },
})
