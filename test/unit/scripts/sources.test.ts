import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listServers, readServerSource } from '../../../scripts/gen/sources.ts'

let workers: string
beforeEach(() => {
  workers = mkdtempSync(join(tmpdir(), 'mcp-edge-sources-'))
})
afterEach(() => rmSync(workers, { recursive: true }))

function write(...files: string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(workers, file)), { recursive: true })
    writeFileSync(join(workers, file), '')
  }
}

describe('servers', () => {
  test("are the folders of workers/ except the platform's own", () => {
    write('router/index.ts', 'oauth/index.tsx', 'notes-x/tools/a.ts', 'clock/tools/a.ts', 'README')
    expect(listServers(workers)).toEqual(['clock', 'notes-x'])
  })

  test.each(['Clock', 'two--hyphens', 'under_score', '9lives', 'a'.repeat(41)])(
    'refuses the folder name %s and says how to name it',
    (name) => {
      write(`${name}/tools/a.ts`)
      expect(() => listServers(workers)).toThrow(/cannot be a server's name[^]*Rename the folder/)
    },
  )

  test.each(['admin', 'mcp-edge-oauth'])(
    'refuses %s, which the platform keeps for itself',
    (name) => {
      write(`${name}/tools/a.ts`)
      const sentence = new RegExp(`keeps for itself[^]*${name}-tools`)
      expect(() => readServerSource(workers, name)).toThrow(sentence)
    },
  )

  test('names the existing ones when asked for one that does not exist', () => {
    write('clock/tools/a.ts')
    expect(() => readServerSource(workers, 'clokc')).toThrow(/no such server[^]*Servers: clock/)
  })
})

describe('tools', () => {
  test('are named after their files; declarations are none', () => {
    write('clock/tools/now.ts', 'clock/tools/add_2.ts', 'clock/tools/types.d.ts')
    const { tools } = readServerSource(workers, 'clock')
    expect(tools.map(({ name }) => name)).toEqual(['add_2', 'now'])
  })

  test('refuses a file name that is no tool name, naming the file', () => {
    write('clock/tools/now.v2.ts')
    expect(() => readServerSource(workers, 'clock')).toThrow(/now\.v2\.ts[^]*Rename the file/)
  })

  test('refuses two files whose names differ only in case, naming both', () => {
    write('clock/tools/now.ts', 'clock/tools/Now.ts')
    expect(() => readServerSource(workers, 'clock')).toThrow(/Now\.ts.*now\.ts/)
  })

  test('refuses a server with neither tools nor server.ts', () => {
    write('clock/wrangler.toml')
    expect(() => readServerSource(workers, 'clock')).toThrow(/has no tools[^]*server\.ts/)
  })

  test('leaves them to a hand-written server.ts', () => {
    write('clock/server.ts', 'clock/tools/helper.ts')
    expect(readServerSource(workers, 'clock')).toMatchObject({ tools: [] })
  })
})
