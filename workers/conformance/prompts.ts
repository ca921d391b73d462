/** Prompts the official suite asks for. */
import { definePrompt } from '#shared'
import * as z from 'zod'

/** One red pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='

export const test_simple_prompt = definePrompt({
  description: 'One message, no arguments',
  handler: () => 'This is a simple prompt for testing.',
})

export const test_prompt_with_arguments = definePrompt({
  description: 'A message with both arguments in it',
  input: z.object({
    arg1: z.string().describe('First test argument'),
    arg2: z.string().describe('Second test argument'),
  }),
  complete: {
    arg1: (value) => ['paris', 'park', 'party'].filter((word) => word.startsWith(value)),
  },
  handler: ({ arg1, arg2 }) => `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`,
})

export const test_prompt_with_embedded_resource = definePrompt({
  description: 'A resource and a question about it',
  input: [{ name: 'resourceUri', description: 'URI of the resource to embed', required: true }],
  handler: ({ resourceUri }) => [
    {
      role: 'user',
      content: {
        type: 'resource',
        resource: {
          uri: resourceUri,
          mimeType: 'text/plain',
          text: 'Embedded resource content for testing.',
        },
      },
    },
    {
      role: 'user',
      content: { type: 'text', text: 'Please process the embedded resource above.' },
    },
  ],
})

export const test_prompt_with_image = definePrompt({
  description: 'An image and a question about it',
  handler: () => [
    { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
    { role: 'user', content: { type: 'text', text: 'Please analyze the image above.' } },
  ],
})

export const test_input_required_result_prompt = definePrompt({
  description: 'Asks for a context before it gives its message',
  async handler(_args, { elicit }) {
    const answer = await elicit(
      'user_context',
      'What context should the prompt use?',
      z.object({ context: z.string() }),
    )
    const context = answer.action === 'accept' ? answer.content.context : 'none'
    return `Use the context: ${context}`
  },
})
