import { definePrompt, defineResource, defineServer } from '#shared'
import { keyOf } from './note.ts'
import addNote from './tools/add-note.ts'
import forgetNotes from './tools/forget-notes.ts'

export default defineServer({
  tools: { 'add-note': addNote, 'forget-notes': forgetNotes },
  prompts: {
    'sum-up': definePrompt({ description: 'Sum up all notes', handler: () => 'Sum up my notes.' }),
  },
  resources: {
    note: defineResource({
      uri: 'notes://{id}',
      description: 'A note of the user',
      async list({ env, principal }, cursor) {
        const page = await env.NOTES.list({ prefix: keyOf(principal), ...(cursor && { cursor }) })
        const ids = page.keys.map(({ name }) => name.slice(keyOf(principal).length))
        const resources = ids.map((id) => ({ uri: `notes://${id}`, name: `Note ${id}` }))
        return page.list_complete ? resources : { resources, nextCursor: page.cursor }
      },
      read: ({ id }, { env, principal }) => env.NOTES.get(keyOf(principal, id)),
    }),
  },
})
