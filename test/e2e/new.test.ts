/** `npm run new` in a fresh checkout: what it wrote is built, typed, tested and formatted. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { TEMPLATES } from '../../scripts/new/templates.ts'
import { createCheckout } from './_checkout.ts'

const checkout = createCheckout()
afterAll(() => checkout[Symbol.dispose]())

const MAX_CONFIG_LINES = 15

describe.each([...TEMPLATES.keys()])('--template %s', (template) => {
  const name = `my-${template}`

  test('says what it wrote and how to go on', () => {
    const { status, output } = checkout.run('node', 'scripts/new.ts', name, '--template', template)
    expect(output).toContain(`✓ ${name}: workers/${name}/wrangler.toml`)
    expect(output).toContain(`npm run test:unit -- test/unit/servers/${name}.test.ts`)
    expect(output).toContain(`claude mcp add --transport http ${name}`)
    expect(status).toBe(0)
    expect(
      checkout.read(`workers/${name}/wrangler.toml`).trim().split('\n').length,
    ).toBeLessThanOrEqual(MAX_CONFIG_LINES)
  })

  test('its test passes at once, protocol tests of both eras included', () => {
    const file = `test/unit/servers/${name}.test.ts`
    const { status, output } = checkout.run('vitest', 'run', '--project', 'unit', file)
    expect(output).toMatch(/Tests .*passed/)
    expect(status, output).toBe(0)
  })

  test.each([
    ['types', 'tsc', '-p', `workers/${name}`],
    ['format', 'prettier', '--check', `workers/${name}`, `test/unit/servers/${name}.test.ts`],
    ['lint', 'oxlint', '--deny-warnings', `workers/${name}`, `test/unit/servers/${name}.test.ts`],
  ])('%s are in order', (_what, program, ...args) => {
    const { status, output } = checkout.run(program, ...args)
    expect(status, output).toBe(0)
  })

  test('is bound to the router', () => {
    expect(checkout.read('.gen/router.json')).toContain(`SERVER_${name.replaceAll('-', '_')}`)
  })
})

test('a server that cannot be made leaves nothing behind', () => {
  const secrets = checkout.read('.gen/dev-secrets.json')
  checkout.write('.gen/dev-secrets.json', 'not JSON')
  const { status } = checkout.run('node', 'scripts/new.ts', 'halfway')
  checkout.write('.gen/dev-secrets.json', secrets)
  expect(status).toBe(1)
  for (const path of ['workers/halfway', 'test/unit/servers/halfway.test.ts']) {
    expect(existsSync(join(checkout.folder, path)), path).toBe(false)
  }
})

test.each([
  [['Notes_App'], /cannot be a server's name[^]*npm run new notes-app/],
  [['9lives'], /cannot be a server's name[^]*npm run new my-9lives/],
  [['a'.repeat(41)], /at most 40 characters[^]*npm run new my-server/],
  [['admin'], /keeps for itself[^]*npm run new my-admin/],
  [['clock'], /workers\/clock exists already[^]*another name/],
  [[], /one name[^]*npm run new notes/],
  [['one', 'two'], /one name/],
  [['memos', '--template', 'lambda'], /no template "lambda"[^]*Templates: tools, full, state/],
  [['memos', '--tempalte', 'tools'], /Unknown option '--tempalte'/],
])('refuses %j with a remedy, and writes nothing', (args, sentence) => {
  const { status, output } = checkout.run('node', 'scripts/new.ts', ...args)
  expect(status).toBe(1)
  expect(output).toMatch(sentence)
  expect(existsSync(join(checkout.folder, 'workers/memos'))).toBe(false)
})
