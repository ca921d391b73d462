import { defineTool } from '#shared'

export default defineTool({
  description: 'Tell listeners that the tools changed',
  async handler(_args, { notify }) {
    await notify('tools')
    return 'told'
  },
})
