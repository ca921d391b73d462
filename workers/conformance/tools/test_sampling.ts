import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: "Asks the client's model",
  input: z.object({ prompt: z.string().describe('The prompt to send to the model') }),
  async handler({ prompt }, { sample }) {
    const { content } = await sample('completion', {
      messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
      maxTokens: 100,
    })
    return `LLM response: ${JSON.stringify(content)}`
  },
})
