import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Adds an item behind a handle',
  input: z.object({ handle: z.string().optional(), item: z.string() }),
  async handler({ handle, item }, { state }) {
    const kept = await state<{ items: string[] }>(handle)
    const items = await kept.update('items', (items = []) => [...items, item])
    return { handle: kept.handle, items }
  },
})
