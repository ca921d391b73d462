import { defineTool } from '#shared'

export default defineTool({
  description: "Asks the client's model for a capital",
  annotations: { readOnlyHint: true },
  async handler(_args, { sample }) {
    const { content } = await sample('capital_question', {
      messages: [
        { role: 'user', content: { type: 'text', text: 'What is the capital of France?' } },
      ],
      maxTokens: 100,
    })
    return `The model says: ${JSON.stringify(content)}`
  },
})
