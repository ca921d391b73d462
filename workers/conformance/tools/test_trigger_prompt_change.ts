import { defineTool } from '#shared'

export default defineTool({
  description: 'Tell listeners that the prompts changed',
  async handler(_args, { notify }) {
    await notify('prompts')
    return 'told'
  },
})
