import { defineTool } from '#shared'
import * as z from 'zod'

/** What it did stands behind `log`: each thing done is an entry. */
export default defineTool({
  description: 'Charges once the user agreed, and mails once they agreed to that',
  input: z.object({ log: z.string() }),
  annotations: { destructiveHint: true },
  async handler({ log }, { elicit, once, state }) {
    const done = await state<{ items: string[] }>(log)
    const note = (item: string) => done.update('items', (items = []) => [...items, item])
    const form = z.object({ ok: z.boolean() })
    await elicit('charge', 'Charge?', form)
    await once('charge', () => note('charged'))
    await elicit('mail', 'Mail?', form)
    await note('mailed')
    return 'bought'
  },
})
