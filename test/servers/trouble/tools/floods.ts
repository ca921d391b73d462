import { defineTool } from '#shared'

const REPORTS = 200_000
const MESSAGE = 'x'.repeat(1_000)

export default defineTool({
  description: 'Reports progress 200 000 times, 200 MB in all, without a pause',
  handler(_args, { progress }) {
    for (let step = 1; step <= REPORTS; step++) void progress(step, REPORTS, MESSAGE)
    return 'arrived'
  },
})
