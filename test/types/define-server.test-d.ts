/** Prompts, resources and servers in types: what must compile does, what must not does not. */
import * as z from 'zod'
import { definePrompt, defineResource, defineServer, defineTool, jsonSchema } from '#shared'
import { typesAgree } from './equal.ts'

const description = 'Says something'

// ── Prompts ───────────────────────────────────────────────────────────────────

definePrompt({
  description,
  input: z.object({ name: z.string(), loud: z.string().optional() }),
  handler(args) {
    typesAgree<typeof args, { name: string; loud?: string | undefined }>(true)
    return `Hello ${args.name}`
  },
})
definePrompt({
  description,
  input: [{ name: 'who', required: true }, { name: 'how' }],
  complete: { who: (typed) => [typed] },
  handler(args) {
    typesAgree<typeof args, { who: string; how: string | undefined }>(true)
    return [{ role: 'user', content: { type: 'text', text: args.who } }]
  },
})
definePrompt({
  description,
  input: [{ name: 'who' }],
  // @ts-expect-error suggestions for an argument it does not take
  complete: { whom: () => [] },
  handler: () => 'Hello',
})
// @ts-expect-error a prompt answers text or messages
definePrompt({ description, handler: () => ({ text: 'Hello' }) })
// @ts-expect-error a prompt needs a description
definePrompt({ handler: () => 'Hello' })

// ── Resources ─────────────────────────────────────────────────────────────────

defineResource({
  uri: 'notes://{owner}/{id}',
  description,
  complete: { owner: () => ['ada'] },
  list: ({ principal }) => [{ uri: `notes://${principal.subject}/1`, name: 'One' }],
  read(variables, { uri, principal }) {
    typesAgree<(typeof variables)['owner' | 'id'], string>(true)
    typesAgree<typeof uri, string>(true)
    return { of: principal.subject, id: variables.id }
  },
})
defineResource({
  uri: 'notes://{id}',
  description,
  // @ts-expect-error suggestions for a variable the template does not have
  complete: { owner: () => [] },
  read: () => '',
})
defineResource({
  uri: 'notes://{id}',
  description,
  // @ts-expect-error no such variable
  read: ({ owner }) => String(owner),
})
defineResource({ uri: 'notes://all', description, read: () => new Uint8Array() })
// @ts-expect-error a number is no content
defineResource({ uri: 'notes://all', description, read: () => 7 })
// @ts-expect-error what is listed has a name
defineResource({ uri: 'n://{id}', description, list: () => [{ uri: 'n://1' }], read: () => '' })

// ── Servers ───────────────────────────────────────────────────────────────────

const tool = defineTool({ description, handler: () => 'done' })
defineServer({ tools: { tool }, instructions: 'Use it', version: '1.0.0' })
// @ts-expect-error a tool is made by defineTool
defineServer({ tools: { tool: { description, handler: () => 'done' } } })
// @ts-expect-error no such part of a server
defineServer({ tools: { tool }, prompt: {} })

// ── JSON Schema 2020-12 ───────────────────────────────────────────────────────

defineTool({
  description,
  input: jsonSchema({ type: 'object', properties: { a: { type: 'number' } }, minProperties: 1 }),
  handler(args) {
    typesAgree<typeof args, Record<string, unknown>>(true)
    return String(args['a'])
  },
})
