/**
 * The order of the rooms (AGENTS.md "Layers"), as the linter enforces it: each import
 * that the order forbids is planted in a copy of the layout, and must be refused.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')

/** Lowest first. `gateway` and `engine` lie side by side: neither imports the other. */
const ROOMS = [
  'lib',
  'protocol',
  'identity',
  'contracts',
  'catalog',
  'services',
  'gateway',
  'engine',
  'sdk',
] as const

interface Plant {
  readonly file: string
  readonly imports: string
}

function forbidden(): Plant[] {
  const plants: Plant[] = []
  for (const [at, room] of ROOMS.entries()) {
    const above = ROOMS.filter(
      (other, place) => place > at || (room === 'engine' && other === 'gateway'),
    )
    for (const other of above) {
      plants.push({ file: `shared/${room}/planted.ts`, imports: `../${other}/x.ts` })
      plants.push({ file: `shared/${room}/deep/er/planted.ts`, imports: `../../../${other}/x.ts` })
    }
    for (const outside of ['workers/router', 'durable-objects', 'scripts', 'test']) {
      plants.push({ file: `shared/${room}/planted.ts`, imports: `../../${outside}/x.ts` })
    }
    plants.push({ file: `shared/${room}/planted.ts`, imports: '#shared' })
    plants.push({ file: `shared/${room}/planted.ts`, imports: `#shared/${room}/x.ts` })
    plants.push({ file: `shared/${room}/planted.ts`, imports: 'node:fs' })
  }
  const objects = ['#shared', '#shared/testing.ts', '#shared/gateway/x.ts', '#shared/engine/x.ts']
  const router = ['#shared', '#shared/testing.ts', '#shared/engine/x.ts', '#shared/sdk/x.ts', 'zod']
  for (const imports of [...objects, '#shared/sdk/x.ts', '../../workers/router/x.ts']) {
    plants.push({ file: 'durable-objects/catalog/planted.ts', imports })
  }
  for (const imports of [...router, '../oauth/x.ts', '../../durable-objects/x.ts']) {
    plants.push({ file: 'workers/router/planted.ts', imports })
  }
  const oauth = ['#shared/gateway/x.ts', '#shared/services/x.ts', '../router/x.ts']
  for (const imports of [...router, ...oauth]) {
    plants.push({ file: 'workers/oauth/planted.ts', imports })
  }
  const author = ['#shared/engine/serve.ts', '../../router/x.ts', '../../../shared/sdk/index.ts']
  for (const imports of author) {
    plants.push({ file: 'workers/clock/tools/planted.ts', imports })
  }
  return plants
}

const ALLOWED: readonly Plant[] = [
  { file: 'shared/sdk/planted.ts', imports: '../engine/x.ts' },
  { file: 'shared/sdk/testing/planted.ts', imports: '../../gateway/x.ts' },
  { file: 'shared/gateway/legacy/planted.ts', imports: '../../catalog/x.ts' },
  { file: 'shared/gateway/legacy/planted.ts', imports: '../tasks/x.ts' },
  { file: 'durable-objects/tasks/planted.ts', imports: '#shared/contracts/tasks.ts' },
  { file: 'workers/router/planted.ts', imports: '#shared/gateway/gateway.ts' },
  { file: 'workers/oauth/token/planted.ts', imports: '../pages/x.ts' },
  { file: 'workers/clock/tools/planted.ts', imports: '#shared' },
]

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'layers-'))
  copyFileSync(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Plants each in a file of its own; @returns those the linter let pass */
function passed(plants: readonly Plant[]): Plant[] {
  const files = plants.map(({ file, imports }, at) => {
    const path = join(folder, file.replace(/planted\.ts$/, `planted-${at}.ts`))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `import type { X } from '${imports}'\nexport type Y = X\n`)
    return path
  })
  const oxlint = join(ROOT, 'node_modules/.bin/oxlint')
  const { stdout } = spawnSync(oxlint, ['--format', 'json', '.'], { cwd: folder, encoding: 'utf8' })
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code: string; filename: string }[]
  }
  const refused = new Set(
    diagnostics
      .filter(({ code }) => code.includes('no-restricted-imports'))
      .map(({ filename }) => join(folder, filename)),
  )
  for (const file of files) rmSync(file)
  return plants.filter((_, at) => !refused.has(files[at]!))
}

describe('the linter', () => {
  it('refuses every import that the order of the rooms forbids', () => {
    expect(passed(forbidden())).toEqual([])
  })

  it('lets pass what the order allows', () => {
    expect(passed(ALLOWED)).toEqual(ALLOWED)
  })
})
