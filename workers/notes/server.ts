import { definePrompt, defineResource, defineServer } from '#shared'
import { keyOf } from './note.ts'
import addNote from './tools/add-note.ts'
import forgetNotes from './tools/forget-notes.ts'

export default defineServer({
  instructions: 'What the user wants remembered. Read notes:// before you ask them again.',
  tools: { 'add-note': addNote, 'forget-notes': forgetNotes },
  prompts: {
    'sum-up': definePrompt({
      description: 'Sum up all notes',
      handler: () => 'Read all my notes and sum them up in three sentences.',
    }),
  },
  resources: {
    note: defineResource({
      uri: 'notes://{id}',
      description: 'A note of the user',
      mimeType: 'text/plain',
      async list({ env, principal }, cursor) {
        const prefix = keyOf(principal)
        const page = await env.NOTES.list({ prefix, ...(cursor && { cursor }) })
        const ids = page.keys.map(({ name }) => name.slice(prefix.length))
        const resources = ids.map((id) => ({ uri: `notes://${id}`, name: `Note ${id}` }))
        return page.list_complete ? resources : { resources, nextCursor: page.cursor }
      },
      read: ({ id }, { env, principal }) => env.NOTES.get(keyOf(principal, id)),
    }),
  },
})
