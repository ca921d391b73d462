/** What `test/e2e/_oracle-twin.ts` defines with the official SDK, with the author API. */
import { definePrompt, defineResource, defineServer, defineTool } from '#shared'
import * as z from 'zod'

export default defineServer({
  instructions: 'Two of a kind',
  tools: {
    echo: defineTool({
      description: 'Says a text back',
      input: z.object({ text: z.string().max(20), times: z.int().min(1).max(3).optional() }),
      annotations: { readOnlyHint: true },
      handler: ({ text, times = 1 }) => text.repeat(times),
    }),
    sum: defineTool({
      description: 'Adds two numbers',
      input: z.object({ a: z.number(), b: z.number().default(1) }),
      output: z.object({ sum: z.number() }),
      annotations: { readOnlyHint: true },
      handler: ({ a, b }) => ({ sum: a + b }),
    }),
    bare: defineTool({
      description: 'Takes nothing',
      annotations: { readOnlyHint: true },
      handler: () => 'bare',
    }),
  },
  prompts: {
    greet: definePrompt({
      description: 'Greets',
      input: z.object({ who: z.string(), how: z.string().optional() }),
      complete: { who: (value) => ['ada', 'bob'].filter((name) => name.startsWith(value)) },
      handler: ({ who, how = 'Hello' }) => `${how}, ${who}`,
    }),
    plain: definePrompt({ description: 'Says hello', handler: () => 'Hello' }),
  },
  resources: {
    readme: defineResource({
      uri: 'twin://readme',
      description: 'About',
      mimeType: 'text/plain',
      read: () => 'Read me',
    }),
    page: defineResource({
      uri: 'twin://page/{number}',
      description: 'A page',
      mimeType: 'text/plain',
      complete: { number: (value) => ['1', '2'].filter((page) => page.startsWith(value)) },
      read: ({ number }) => `Page ${number}`,
    }),
  },
})
