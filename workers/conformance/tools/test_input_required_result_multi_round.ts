import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks for a name, then for a color',
  async handler(_args, { elicit }) {
    const name = await elicit('step1', 'Step 1: What is your name?', z.object({ name: z.string() }))
    if (name.action !== 'accept') return 'No name given.'
    const color = await elicit(
      'step2',
      'Step 2: What is your favorite color?',
      z.object({ color: z.string() }),
    )
    if (color.action !== 'accept') return `${name.content.name} has no favorite color.`
    return `${name.content.name} likes ${color.content.color}.`
  },
})
