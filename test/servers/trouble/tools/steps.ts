import { defineTool } from '#shared'

export default defineTool({
  description: 'Reports progress in three steps',
  async handler(_args, { progress }) {
    for (const step of [1, 2, 3]) await progress(step, 3, `step ${step}`)
    return 'arrived'
  },
})
