import { defineTool } from '#shared'

const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

export default defineTool({
  description: 'Reports progress in three steps, 50 ms apart',
  async handler(_args, { progress }) {
    await progress(0, 100, 'Started')
    await pause()
    await progress(50, 100, 'Half done')
    await pause()
    await progress(100, 100, 'Done')
    return 'Done in three steps.'
  },
})
