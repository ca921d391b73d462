import { defineTool } from '#shared'

export default defineTool({
  description: 'Needs a client that offers sampling',
  async handler(_args, { sample }) {
    const { model } = await sample('completion', {
      messages: [{ role: 'user', content: { type: 'text', text: 'Hello' } }],
      maxTokens: 10,
    })
    return `Sampled by ${model}`
  },
})
