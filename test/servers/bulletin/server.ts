/** A server that tells its listeners what they are told to be told. */
import * as z from 'zod'
import { definePrompt, defineResource, defineServer, defineTool } from '#shared'

const to = z.enum(['caller', 'tenant', 'everyone']).optional()

export default defineServer({
  tools: {
    announce: defineTool({
      description: 'A list changed',
      input: z.object({ list: z.enum(['tools', 'prompts', 'resources']), to }),
      async handler(args, { notify }) {
        await notify(args.list, args.to)
        return 'told'
      },
    }),
    post: defineTool({
      description: 'A resource changed',
      input: z.object({ uri: z.string(), to }),
      async handler(args, { notify }) {
        await notify({ resource: args.uri }, args.to)
        return 'told'
      },
    }),
  },
  prompts: {
    greet: definePrompt({ description: 'Greets', handler: () => 'Welcome' }),
  },
  resources: {
    note: defineResource({
      uri: 'note://{id}',
      description: 'A note',
      list: () => [{ uri: 'note://1', name: 'one' }],
      read: ({ id }) => `Note ${id}`,
    }),
    ledger: defineResource({
      uri: 'ledger://1999',
      description: 'For auditors',
      scopes: ['bulletin:audit'],
      read: () => 'Accounts',
    }),
  },
})
