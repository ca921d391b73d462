import { defineTool, ToolError } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Says who the caller is at the forge.',
  annotations: { readOnlyHint: true },
  input: z.object({ url: z.string().optional(), forge: z.string().default('forge') }),
  async handler({ url, forge }, context) {
    const connection = await context.connection(forge)
    const answer = await connection.fetch(url ?? String(context.env['FORGE' as never]), {
      headers: { authorization: 'Bearer mine', 'x-asked': 'yes' },
    })
    if (!answer.ok) throw new ToolError(`The forge answered ${answer.status}.`)
    return answer.json() as Promise<object>
  },
})
