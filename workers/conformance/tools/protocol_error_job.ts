import { defineTool } from '#shared'

export default defineTool({
  description: 'A job that breaks in a way nobody foresaw',
  task: 'required',
  restart: 'never',
  handler() {
    throw new Error('Nobody foresaw this')
  },
})
