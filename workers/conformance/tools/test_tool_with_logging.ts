import { defineTool } from '#shared'

const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

export default defineTool({
  description: 'Logs three messages, 50 ms apart, to clients that asked for a level',
  async handler(_args, { log }) {
    log('info', 'Tool execution started')
    await pause()
    log('info', 'Tool processing data')
    await pause()
    log('info', 'Tool execution completed')
    return 'Logged three messages.'
  },
})
