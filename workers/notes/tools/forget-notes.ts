import { defineTool } from '#shared'
import * as z from 'zod'
import { keyOf } from '../note.ts'

const AGREED = z.object({ forget: z.boolean().describe('Delete them for good') })

export default defineTool({
  description: 'Delete all notes of the user, after they agreed',
  annotations: { destructiveHint: true },
  async handler(_args, { env, principal, elicit, progress, notify }) {
    const { keys } = await env.NOTES.list({ prefix: keyOf(principal) })
    if (keys.length === 0) return 'There are no notes.'
    const answer = await elicit('sure', `Forget ${keys.length} notes?`, AGREED)
    if (answer.action !== 'accept' || !answer.content.forget) return 'Nothing was deleted.'
    for (const [index, { name }] of keys.entries()) {
      await env.NOTES.delete(name)
      await progress(index + 1, keys.length)
    }
    await notify('resources', 'caller')
    return `${keys.length} notes deleted.`
  },
})
