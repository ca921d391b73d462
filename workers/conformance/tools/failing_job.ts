import { defineTool, ToolError } from '#shared'

export default defineTool({
  description: 'A job that works for a second and then says that it failed',
  task: 'required',
  restart: 'never',
  async handler() {
    await new Promise((resolve) => setTimeout(resolve, 1000))
    throw new ToolError('The job failed.')
  },
})
