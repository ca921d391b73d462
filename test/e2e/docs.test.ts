/** Every code block of the documentation: written where it says it belongs, built, typed and run. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ROOT } from '../../scripts/root.ts'
import { createCheckout } from './_checkout.ts'
import { DOCUMENTS, fencesOf } from './_fences.ts'

const checkout = createCheckout()
afterAll(() => checkout[Symbol.dispose]())

const fences = DOCUMENTS.flatMap(fencesOf)
const files = fences.flatMap(({ path, text }) => (path === undefined ? [] : [{ path, text }]))
const servers = new Set(files.flatMap(({ path }) => /^workers\/([^/]+)\//.exec(path)?.[1] ?? []))

/** Commands that are not run here: they do not end, or need a network or another program. */
const SHOWN_ONLY: readonly RegExp[] = [
  /^npm (ci|test)$/,
  /^npm run dev( -- --public \S+)?$/,
  /^claude mcp add --transport http clock http:\/\/localhost:8787\/clock\/mcp$/,
  /^npm run inspect$/,
  /^npx wrangler login$/,
  /^npx wrangler rollback --name clock$/,
  // Run in deploy-forms.test.ts.
  /^npx wrangler deploy -c workers\/clock\/wrangler\.toml --dispatch-namespace mcp-servers$/,
  // Run, with such options, in catalog-cli.test.ts.
  /^npm run catalog -- \S.*$/,
  // Run, with these very options, in api-keys.test.ts.
  /^npm run api-key -- (create|list|rotate|revoke)\b/,
]

describe.each(fences)('$where', ({ language, text, path }) => {
  test('is of a kind that is checked', () => {
    switch (language) {
      case '':
        break
      case 'ts':
      case 'toml':
        expect(path, 'name the file in a comment on the first line').toBeDefined()
        break
      case 'json':
        JSON.parse(text)
        break
      case 'sh':
        for (const command of text.trim().split('\n')) checkCommand(command)
        break
      default:
        expect.fail(`nothing checks ${language}`)
    }
  })
})

/** Scripts that are run, with these very options, in tests of their own. */
const SCRIPT =
  /^npm run (backup|restore|deploy|owner-link|secret|rotate|machine|rename|remove|doctor)\b(.*)$/
const helps = new Map<string, string>()

function checkScript(name: string, rest: string): void {
  const scripts = JSON.parse(checkout.read('package.json')).scripts as Record<string, string>
  const [program = '', ...args] = scripts[name]?.split(' ') ?? []
  if (!helps.has(name)) helps.set(name, checkout.run(program, ...args, '--help').output)
  for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(helps.get(name)).toContain(option)
}

function checkCommand(command: string): void {
  const [, script, rest = ''] = SCRIPT.exec(command) ?? []
  if (script !== undefined) return checkScript(script, rest)

  const created = /^npm run new (\S+)$/.exec(command)?.[1]
  const tested = /^npm run test:unit -- (\S+)$/.exec(command)?.[1]
  if (created !== undefined) expect(servers, 'made and filled below').toContain(created)
  else if (tested !== undefined) expect(existsSync(join(ROOT, tested)), tested).toBe(true)
  else
    expect(
      SHOWN_ONLY.some((shown) => shown.test(command)),
      command,
    ).toBe(true)
}

test.each(files.filter(({ path }) => existsSync(join(ROOT, path))))(
  '$path is shown as it is',
  ({ path, text }) => {
    // A fence begins with a comment that names its file.
    expect(checkout.read(path).trim()).toBe(text.trim().replace(/^(\/\/|#) \S+\n/, ''))
  },
)

/** A dozen servers, each bundled and typed by processes of their own. */
const BUILD_TIMEOUT_MS = 240_000

test(
  'the servers of the documentation are made, built and typed',
  { timeout: BUILD_TIMEOUT_MS },
  () => {
    for (const name of servers) {
      if (existsSync(join(ROOT, 'workers', name))) continue
      const { status, output } = checkout.run('node', 'scripts/new.ts', name)
      expect(status, output).toBe(0)
    }
    for (const { path, text } of files) checkout.write(path, text)
    const programs = ['test', ...[...servers].map((name) => `workers/${name}`)]
    const types = checkout.run('node', 'scripts/types.ts')
    expect(types.status, types.output).toBe(0)
    for (const program of programs) {
      const { status, output } = checkout.run('tsc', '-p', program)
      expect(status, output).toBe(0)
    }
  },
)

test('their tests pass', () => {
  const { status, output } = checkout.run('vitest', 'run', '--project', 'unit', 'test/unit/servers')
  expect(status, output).toBe(0)
})

test('links between documents lead somewhere', () => {
  for (const document of DOCUMENTS) {
    for (const [, target = ''] of checkout.read(document).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      expect(existsSync(join(ROOT, dirname(document), target)), `${document}: ${target}`).toBe(true)
    }
  }
})
