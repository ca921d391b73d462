/** Prompts and resources with scopes and a list of their own; what the fixture of the suite lacks. */
import { definePrompt, defineResource, defineServer } from '#shared'

export default defineServer({
  instructions: 'Ask the librarian',
  prompts: {
    greet: definePrompt({
      description: 'Greets a reader',
      input: [{ name: 'reader', required: true }],
      handler: ({ reader }) => `Welcome, ${reader}`,
    }),
    audit: definePrompt({
      description: 'For auditors',
      scopes: ['library:audit'],
      handler: () => 'Audited',
    }),
  },
  resources: {
    book: defineResource({
      uri: 'book://{isbn}',
      description: 'A book',
      complete: { isbn: () => ['1', '2'] },
      list: ({ principal }) => [{ uri: 'book://1', name: `Book of ${principal.subject}` }],
      read({ isbn }) {
        if (isbn === '500') throw new Error('The shelf fell down')
        return isbn === '404' ? undefined : `Book ${isbn}`
      },
    }),
    ledger: defineResource({
      uri: 'ledger://{year}',
      description: 'Accounts',
      scopes: ['library:audit'],
      complete: { year: () => ['1999'] },
      read: () => 'Accounts',
    }),
  },
})
