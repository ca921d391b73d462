import { defineTool } from '#shared'

/** The suite comes back at once; the answer is there by then or soon after. */
const RETRY_MS = 100
const WORK_MS = 200

export default defineTool({
  description: 'Lets the connection go in mid-call; the answer is fetched with Last-Event-ID',
  async handler(_args, { closeStream }) {
    closeStream(RETRY_MS)
    await new Promise((resolve) => setTimeout(resolve, WORK_MS))
    return 'Reconnection test completed successfully'
  },
})
