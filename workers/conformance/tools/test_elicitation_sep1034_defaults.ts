import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Asks with a default for each primitive type (SEP-1034)',
  async handler(_args, { elicit }) {
    const form = z.object({
      name: z.string().default('John Doe').describe('User name'),
      age: z.int().default(30).describe('User age'),
      score: z.number().default(95.5).describe('User score'),
      status: z.enum(['active', 'inactive', 'pending']).default('active').describe('User status'),
      verified: z.boolean().default(true).describe('Verification status'),
    })
    const answer = await elicit('defaults', 'Please review and update the form', form)
    const content = answer.action === 'accept' ? JSON.stringify(answer.content) : '{}'
    return `Elicitation completed: action=${answer.action}, content=${content}`
  },
})
