import { defineTool } from '#shared'
import * as z from 'zod'
import { calls } from '../calls.ts'

export default defineTool({
  description: 'Orders something, once it is confirmed; the order takes its time',
  task: 'required',
  restart: 'never',
  input: z.object({ item: z.string(), steps: z.int().default(1) }),
  async handler({ item, steps }, { elicit, progress }) {
    await progress(1, steps + 2, 'looking')
    const answer = await elicit('sure', `Order ${item}?`, z.object({ sure: z.boolean() }))
    if (answer.action !== 'accept' || !answer.content.sure) return 'not ordered'
    calls.push(`order:${item}`)
    for (let step = 0; step < steps; step++) {
      await progress(step + 2, steps + 2, 'ordering')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return `ordered ${item}`
  },
})
