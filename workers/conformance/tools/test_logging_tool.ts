import { defineTool } from '#shared'

export default defineTool({
  description: 'Logs a message, if the client asked for a level',
  handler(_args, { log }) {
    log('info', 'The logging tool ran')
    return 'Logged.'
  },
})
