import { defineTool } from '#shared'

export default defineTool({
  description: 'Fails in a way its author did not foresee',
  handler() {
    throw new Error('cannot reach db.internal with password hunter2')
  },
})
