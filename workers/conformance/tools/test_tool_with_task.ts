import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks for a name in the call, then goes on as a task',
  task: 'required',
  beginsInCall: true,
  annotations: { readOnlyHint: true },
  async handler(_args, { elicit, task }) {
    const answer = await elicit('user_name', 'What is your name?', z.object({ name: z.string() }))
    await task()
    return answer.action === 'accept' ? `Done for ${answer.content.name}` : 'Done for a stranger'
  },
})
