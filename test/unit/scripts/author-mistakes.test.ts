/**
 * What authors get wrong: each mistake stops the build with one screen that names
 * the file (and the line, where the compiler knows it), what is wrong, and what to do.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { generateServer } from '../../../scripts/gen/entry.ts'
import { readTrust, trustFile } from '../../../scripts/gen/trust.ts'
import { listServers } from '../../../scripts/gen/sources.ts'
import { ROOT } from '../../../scripts/root.ts'
import { Stop } from '../../../scripts/stop.ts'

const TRUST = { anchors: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA' }] }
const SCREEN_LINES = 24
const SCREEN_COLUMNS = 320

// Inside the repository: the fixtures import #shared as authors do.
let workers: string
beforeEach(() => {
  mkdirSync(join(ROOT, '.gen'), { recursive: true })
  workers = mkdtempSync(join(ROOT, '.gen', 'mistakes-'))
})
afterEach(() => rmSync(workers, { recursive: true }))

const HEAD = `import { defineTool, ToolError } from '#shared'\nimport * as z from 'zod'\nexport default `
const withOption = (option: string): string =>
  `${HEAD}defineTool({\n  description: 'Adds',\n  handler: () => 1,\n  ${option},\n} as never)`
const TOOL = `${HEAD}defineTool({ description: 'Adds', handler: () => 1 })`
const serverOf = (members: string): string =>
  `import { defineResource, defineServer } from '#shared'\nimport add from './tools/add.ts'\nexport default defineServer({\n  ${members},\n} as never)`
const CONFIG = 'name = "calc"\nmain = ".gen/index.ts"\n'

interface Mistake {
  readonly what: string
  /** File of the server `calc` → text, beside a tool that is right. */
  readonly files: Record<string, string>
  /** The first line of the screen. */
  readonly where: RegExp
  /** The problem, then the remedy. */
  readonly says: RegExp
}

const tool = (what: string, source: string, says: RegExp, where?: RegExp): Mistake => ({
  what,
  files: { 'tools/bad.ts': source },
  where: where ?? /calc\/tools\/bad\.ts$/,
  says,
})
const AT_LINE = /calc\/tools\/bad\.ts:\d+:\d+$/
/** Of the option that is wrong, which stands behind two imports and a line of its own. */
const AT_OPTION = /calc\/tools\/bad\.ts:6$/

const MISTAKES: readonly Mistake[] = [
  tool('a syntax error', 'export default (', /Unexpected end of file[^]*→ Fix/, AT_LINE),
  tool('an import that is not there', `import './gone.ts'`, /"\.\/gone\.ts"[^]*→/, AT_LINE),
  tool(
    'a package that is not installed',
    `import _ from 'lodash-of-nobody'\n${TOOL}`,
    /"lodash-of-nobody"[^]*→ .*npm install/,
    AT_LINE,
  ),
  tool(
    'a module of Node that Workers do not have',
    `import { readFileSync } from 'node:fs'\n${TOOL.replace('=> 1', '=> readFileSync("/etc/hosts", "utf8")')}`,
    /node:fs[^]*Workers[^]*→ .*nodejs_compat/,
    AT_LINE,
  ),
  tool(
    'a name that #shared does not export',
    `import { defineTools } from '#shared'\nexport default defineTools({})`,
    /defineTools[^]*→/,
    AT_LINE,
  ),
  tool('no default export', 'export const add = 1', /no default export[^]*→ .*defineTool/),
  tool('a default export of another kind', 'export default 1', /defineTool[^]*→/),
  tool(
    'options without defineTool',
    `export default { description: 'Adds', handler: () => 1 }`,
    /defineTool\(\{[^]*→/,
  ),
  tool(
    'an async default export',
    `${HEAD}Promise.resolve(defineTool({ description: 'Adds', handler: () => 1 }))`,
    /a Promise[^]*→ Write .*defineTool.*await/,
  ),
  tool(
    'an async factory for a default export',
    'export default async function tool() {}',
    /function[^]*→ .*defineTool/,
  ),
  tool(
    'no description',
    `${HEAD}defineTool({ handler: () => 1 } as never)`,
    /description: say in a sentence[^]*→ Change it as/,
    /calc\/tools\/bad\.ts:3$/,
  ),
  tool(
    'no handler',
    `${HEAD}defineTool({ description: 'Adds' } as never)`,
    /handler: give a function[^]*→ Change it as/,
    /calc\/tools\/bad\.ts:3$/,
  ),
  tool(
    'an unknown option',
    withOption('scope: "a"'),
    /^ {2}defineTool: unknown option "scope"[^]*scopes[^]*→ Change it as/,
    AT_OPTION,
  ),
  tool(
    'an unknown option that is called like an argument',
    withOption('scope: "a"').replace('handler', 'input: z.object({ scope: z.any() }), handler'),
    /unknown option "scope"/,
    AT_OPTION,
  ),
  tool(
    'an input that is no schema',
    withOption('input: { a: 1 }'),
    /input: give a z\.object[^]*→/,
    AT_OPTION,
  ),
  tool(
    'an output that is no object',
    withOption('output: z.string()'),
    /output: give a z\.object/,
    AT_OPTION,
  ),
  tool(
    'scopes that are empty',
    withOption('scopes: []'),
    /scopes: give a non-empty array/,
    AT_OPTION,
  ),
  tool(
    'a timeout out of range',
    withOption('timeoutMs: 1e9'),
    /timeoutMs: .*1 to 900000/,
    AT_OPTION,
  ),
  tool(
    'an unknown hint',
    withOption('annotations: { readOnly: true }'),
    /"readOnly".*readOnlyHint[^]*→ Change it as/,
    AT_OPTION,
  ),
  tool(
    'an icon over http',
    withOption('icons: [{ src: "http://a/i.png" }]'),
    /https: or data:/,
    AT_OPTION,
  ),
  tool(
    'a schema JSON has no words for',
    withOption('input: z.object({ at: z.date() })'),
    /input schema cannot be said in JSON Schema[^]*z\.iso\.datetime/,
    AT_OPTION,
  ),
  tool(
    'a throw at start',
    `throw new Error('no database')`,
    /no database[^]*→ .*handler/,
    /calc\/tools\/bad\.ts:1$/,
  ),
  tool('a call of process.exit', 'process.exit(3)', /exit code 3[^]*→ .*process\.exit/),
  {
    what: 'a circular import',
    files: {
      'tools/bad.ts': `import { limit } from '../limits.ts'\nexport const base = 2\n${TOOL.replace('=> 1', '=> limit')}`,
      'limits.ts': `import { base } from './tools/bad.ts'\nexport const limit = base * 2\n`,
    },
    where: /calc\/(tools\/bad|limits)\.ts$/,
    says: /in a circle[^]*limits\.ts[^]*→ Move what they share/,
  },
  {
    what: 'a name that is no tool name',
    files: { 'tools/add.v2.ts': TOOL },
    where: /calc\/tools\/add\.v2\.ts$/,
    says: /"add\.v2"[^]*→ Rename the file/,
  },
  {
    what: 'two tools of one name',
    files: { 'tools/Add.ts': TOOL },
    where: /calc\/tools\/Add\.ts, .*calc\/tools\/add\.ts$/,
    says: /Two tools of one name[^]*→ Rename/,
  },
  {
    what: 'a tool of another extension',
    files: { 'tools/bad.js': TOOL },
    where: /calc\/tools\/bad\.js$/,
    says: /→ .*\.ts/,
  },
  {
    what: 'a policy that says what no policy can',
    files: { 'policy.json': '{ "visible": true }' },
    where: /calc\/policy\.json$/,
    says: /visible[^]*→ It may set .*visibility/,
  },
  {
    what: 'a policy that is no JSON',
    files: { 'policy.json': '{ visibility: public }' },
    where: /calc\/policy\.json$/,
    says: /not JSON[^]*→/,
  },
  {
    what: "a configuration copied from another server's",
    files: { 'wrangler.toml': CONFIG.replace('calc', 'clock') },
    where: /calc\/wrangler\.toml$/,
    says: /name is "clock"[^]*→ Write: name = "calc"/,
  },
  {
    what: 'a configuration that serves another file',
    files: { 'wrangler.toml': CONFIG.replace('.gen/index.ts', 'index.ts') },
    where: /calc\/wrangler\.toml$/,
    says: /main is "index\.ts"[^]*→ Write: main = "\.gen\/index\.ts"/,
  },
  {
    what: 'a server.ts that defines no server',
    files: { 'server.ts': TOOL },
    where: /calc\/server\.ts:3$/,
    says: /defineServer[^]*→/,
  },
  {
    what: 'a server.ts with an unknown option',
    files: { 'server.ts': serverOf('tools: { add },\n  resource: {}') },
    where: /calc\/server\.ts:5$/,
    says: /^ {2}defineServer: unknown option "resource"[^]*→ Change it as/,
  },
  {
    what: 'a resource that server.ts defines and nobody can read',
    files: {
      'server.ts': serverOf(`resources: {
    all: defineResource({
      uri: 'notes://all',
      description: 'All of them',
      reads: () => '',
    } as never),
  }`),
    },
    where: /calc\/server\.ts:8$/,
    says: /defineResource: unknown option "reads"[^]*→ Change it as/,
  },
  {
    what: 'a wrong tool that server.ts imports',
    files: {
      'tools/bad.ts': withOption('scope: "a"'),
      'server.ts': `import bad from './tools/bad.ts'\n${serverOf('tools: { bad }')}`,
    },
    where: AT_OPTION,
    says: /unknown option "scope"[^]*→ Change it as/,
  },
  {
    what: 'two tools under one key of server.ts',
    files: { 'server.ts': serverOf('tools: { add, other: add,\n add }') },
    where: /calc\/server\.ts:5:2$/,
    says: /Duplicate key "add"[^]*→ Keep one/,
  },
  {
    what: 'two tools of server.ts that differ in case alone',
    files: { 'server.ts': serverOf('tools: {\n    add,\n    Add: add,\n  }') },
    where: /calc\/server\.ts:6$/,
    says: /"add" and "Add" differ only in case[^]*→ Rename/,
  },
]

function write(files: Record<string, string>): void {
  for (const [file, text] of Object.entries(files)) {
    const path = join(workers, 'calc', file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

async function failure(): Promise<Stop> {
  try {
    await generateServer(workers, 'calc', TRUST)
  } catch (error) {
    if (error instanceof Stop) return error
    throw error
  }
  throw new Error('the mistake was not noticed')
}

test.each(MISTAKES)('$what', async ({ files, where, says }) => {
  write({ 'tools/add.ts': TOOL, 'wrangler.toml': CONFIG, ...files })
  const { message } = await failure()
  const [first = '', ...rest] = message.split('\n')
  expect(first).toMatch(where)
  expect(rest.join('\n')).toMatch(says)
  expect(rest.at(-1)).toMatch(/^ {2}→ \S/)
  expect(rest.length).toBeLessThan(SCREEN_LINES)
  for (const line of rest) expect(line.length).toBeLessThan(SCREEN_COLUMNS)
})

test('the fixture is right without a mistake', async () => {
  write({ 'tools/add.ts': TOOL, 'wrangler.toml': CONFIG })
  await expect(generateServer(workers, 'calc', TRUST)).resolves.toMatchObject({ name: 'calc' })
})

test('an empty tools folder', async () => {
  write({ 'wrangler.toml': CONFIG })
  mkdirSync(join(workers, 'calc/tools'))
  expect((await failure()).message).toMatch(/calc\n.*has no tools[^]*→ Write .*defineTool/)
})

test('a folder named like a path of the platform', () => {
  mkdirSync(join(workers, 'oauth-x'), { recursive: true })
  mkdirSync(join(workers, 'register'))
  expect(() => listServers(workers)).toThrow(/register\n.*keeps for itself\.\n.*→ .*register-tools/)
})

test('an environment without a trust anchor', () => {
  expect(() => readTrust('staging')).toThrow(
    /trust\.staging\.json\n.*no trust anchor[^]*→ Run once: npm run deploy -- --env staging\./,
  )
})

test('a trust anchor with its private half, about to be committed and built in', () => {
  const file = trustFile('of-a-test')
  writeFileSync(file, JSON.stringify({ anchors: [{ ...TRUST.anchors[0], d: 'AA' }] }))
  try {
    expect(() => readTrust('of-a-test')).toThrow(/private key \(member "d"\)[^]*→ Remove it/)
  } finally {
    rmSync(file)
  }
})

test('a Worker with nodejs_compat may use modules of Node', async () => {
  const flags = 'compatibility_flags = ["enable_request_signal", "nodejs_compat"]\n'
  write({
    'wrangler.toml': CONFIG + flags,
    'tools/add.ts': `import { inspect } from 'node:util'\n${TOOL.replace('=> 1', '=> inspect(1)')}`,
  })
  await expect(generateServer(workers, 'calc', TRUST)).resolves.toMatchObject({ name: 'calc' })
})

test('files that share a third one make no circle', async () => {
  write({
    'tools/add.ts': `import { one } from '../one.ts'\nimport '../two.ts'\n${TOOL.replace('=> 1', '=> one')}`,
    'one.ts': 'export const one = 1\n',
    'two.ts': "import { one } from './one.ts'\nexport const two = one + 1\n",
  })
  await expect(generateServer(workers, 'calc', TRUST)).resolves.toMatchObject({ name: 'calc' })
})
