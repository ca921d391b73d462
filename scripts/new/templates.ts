/**
 * What `npm run new` writes. Each template is a whole server with a test, and is
 * built, type-checked and called by test/e2e/new.test.ts.
 */
import { COUNT, stateTest } from './template-state.ts'

export interface Template {
  /** One line for `--help`. */
  readonly about: string
  /** Path relative to the repository → text. */
  files(name: string): Record<string, string>
}

export const DEFAULT_TEMPLATE = 'tools'

/** Written by every template. */
const COMPATIBILITY_DATE = '2026-10-01'

export const TEMPLATES: ReadonlyMap<string, Template> = new Map<string, Template>([
  [
    DEFAULT_TEMPLATE,
    {
      about: 'one tool; each further file of tools/ is one more (default)',
      files: (name) => ({
        [`workers/${name}/wrangler.toml`]: wranglerToml(name, '"tools"'),
        [`workers/${name}/tsconfig.json`]: TSCONFIG,
        [`workers/${name}/tools/hello.ts`]: HELLO,
        [`test/unit/servers/${name}.test.ts`]: toolsTest(name),
      }),
    },
  ],
  [
    'full',
    {
      about: 'a server.ts with tools, a prompt and a resource',
      files: (name) => ({
        [`workers/${name}/wrangler.toml`]: wranglerToml(name, '["tools", "server.ts"]'),
        [`workers/${name}/tsconfig.json`]: TSCONFIG,
        [`workers/${name}/server.ts`]: SERVER,
        [`workers/${name}/tools/hello.ts`]: HELLO,
        [`test/unit/servers/${name}.test.ts`]: serverTest(name),
      }),
    },
  ],
  [
    'state',
    {
      about: 'a tool that keeps something between calls, behind a handle',
      files: (name) => ({
        [`workers/${name}/wrangler.toml`]: wranglerToml(name, '"tools"'),
        [`workers/${name}/tsconfig.json`]: TSCONFIG,
        [`workers/${name}/tools/count.ts`]: COUNT,
        [`test/unit/servers/${name}.test.ts`]: stateTest(name),
      }),
    },
  ],
])

/** @param watched TOML value of `watch_dir` */
const wranglerToml = (name: string, watched: string): string => `\
#:schema ../../node_modules/wrangler/config-schema.json
name = "${name}"
main = ".gen/index.ts"
compatibility_date = "${COMPATIBILITY_DATE}"
compatibility_flags = ["enable_request_signal"]
minify = true
keep_names = false
workers_dev = false
services = [
  { binding = "PLATFORM", service = "mcp-edge-objects", entrypoint = "Platform" },
]

[build]
command = "npx --no mcp-edge-gen ${name}"
watch_dir = ${watched}
`

const TSCONFIG = `\
{
  "extends": "../../tsconfig.json",
  "include": ["**/*.ts", ".gen/index.ts", "../../.gen/runtime.d.ts"]
}
`

const HELLO = `\
import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Greet somebody by name',
  input: z.object({ name: z.string().min(1).describe('Whom to greet') }),
  annotations: { readOnlyHint: true },
  handler: ({ name }) => \`Hello, \${name}!\`,
})
`

const toolsTest = (name: string): string => `\
import { expect, test } from 'vitest'
import { createTestClient, testServer } from '#shared/testing.ts'
import hello from '../../../workers/${name}/tools/hello.ts'

const server = { tools: { hello } }
testServer(server)

test('hello greets by name', async () => {
  const client = await createTestClient(server)
  expect((await client.call('hello', { name: 'Ada' })).text).toBe('Hello, Ada!')
})
`

const SERVER = `\
import { definePrompt, defineResource, defineServer } from '#shared'
import * as z from 'zod'
import hello from './tools/hello.ts'

export default defineServer({
  instructions: 'Greet people by the name they gave.',
  tools: { hello },
  prompts: {
    welcome: definePrompt({
      description: 'Welcome somebody to the team',
      input: z.object({ name: z.string().describe('Who is new') }),
      handler: ({ name }) => \`Welcome \${name} to the team, in three sentences.\`,
    }),
  },
  resources: {
    person: defineResource({
      uri: 'people://{name}',
      description: 'What is known about somebody',
      read: ({ name }) => \`\${name} likes to be greeted.\`,
    }),
  },
})
`

const serverTest = (name: string): string => `\
import { expect, test } from 'vitest'
import { createTestClient, testServer } from '#shared/testing.ts'
import server from '../../../workers/${name}/server.ts'

testServer(server)

test('greets, welcomes and knows people', async () => {
  const client = await createTestClient(server)
  expect((await client.call('hello', { name: 'Ada' })).text).toBe('Hello, Ada!')
  expect((await client.getPrompt('welcome', { name: 'Ada' })).text).toContain('Ada')
  expect((await client.readResource('people://Ada')).text).toContain('likes to be greeted')
})
`
