import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks, and whatever the answer is, asks again',
  async handler(_args, { elicit }) {
    for (let round = 1; ; round++) {
      await elicit(`question-${round}`, `Question ${round}?`, z.object({ text: z.string() }))
    }
  },
})
