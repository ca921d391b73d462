import { defineTool } from '#shared'

const titled = [
  { const: 'value1', title: 'First Option' },
  { const: 'value2', title: 'Second Option' },
  { const: 'value3', title: 'Third Option' },
]
const options = ['option1', 'option2', 'option3']

export default defineTool({
  description: 'Asks with each of the five kinds of choices (SEP-1330)',
  async handler(_args, { elicit }) {
    const answer = await elicit('choices', 'Please choose', {
      type: 'object',
      properties: {
        untitledSingle: { type: 'string', enum: options },
        titledSingle: { type: 'string', oneOf: titled },
        legacyEnum: {
          type: 'string',
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
        titledMulti: { type: 'array', items: { anyOf: titled } },
      },
    })
    const content = answer.action === 'accept' ? JSON.stringify(answer.content) : '{}'
    return `Elicitation completed: action=${answer.action}, content=${content}`
  },
})
