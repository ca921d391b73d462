import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { missingSecrets } from '../../../scripts/dev-missing-secrets.ts'

let workers: string
beforeEach(() => {
  workers = mkdtempSync(join(tmpdir(), 'mcp-edge-secrets-'))
  for (const [name, more] of [
    ['plain', ''],
    ['needy', 'secrets = { required = ["KEY", "OTHER_KEY"] }\n'],
  ] as const) {
    mkdirSync(join(workers, name))
    writeFileSync(join(workers, name, 'wrangler.toml'), `name = "${name}"\n${more}`)
  }
})
afterEach(() => rmSync(workers, { recursive: true }))

test('a server without the secrets it requires is named, with the file they belong in', () => {
  expect(missingSecrets(workers, ['plain', 'needy'])).toEqual([
    'needy needs KEY, OTHER_KEY: put NAME=value into workers/needy/.dev.vars',
  ])
})

test('those that are there are not missed, and none is mistaken for another', () => {
  writeFileSync(join(workers, 'needy', '.dev.vars'), '# KEY=x\nOTHER_KEY=1\n')
  expect(missingSecrets(workers, ['needy'])).toEqual([expect.stringContaining('needs KEY:')])
  writeFileSync(join(workers, 'needy', '.dev.vars'), 'KEY = x\nOTHER_KEY=1\n')
  expect(missingSecrets(workers, ['needy'])).toEqual([])
})
