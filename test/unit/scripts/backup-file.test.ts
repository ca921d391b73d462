/** Backups as files: whole and of this installation, or refused. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BackupWriter, FORMAT, readHeader, readPages } from '../../../scripts/backup/file.ts'
import { Stop } from '../../../scripts/stop.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-backup-'))
afterAll(() => rmSync(folder, { recursive: true }))

const key = { id: 'a', secret: randomBytes(32) }
const meta = { id: 'backup-1', createdMs: 1, env: 'production', issuer: 'https://mcp.example' }
const PAGES = [{ n: 1 }, { n: 2, text: 'ä'.repeat(1_000) }, { n: 3 }]

let made = 0
function written(pages: readonly unknown[] = PAGES): string {
  const file = join(folder, `${++made}.backup`)
  const writer = new BackupWriter(file, meta, key)
  for (const page of pages) writer.add(page)
  writer.finish()
  return file
}
const read = (file: string, with_ = key): unknown[] => [...readPages(file, with_)]

it('gives what was written, in order', () => {
  const file = written()
  expect(read(file)).toEqual(PAGES)
  expect(readHeader(file)).toMatchObject({ ...meta, keyId: 'a' })
})

it('holds an empty backup', () => expect(read(written([]))).toEqual([null]))

it('is readable by its owner alone, and holds nothing in plaintext', () => {
  const file = written([{ secret: 'plaintext-in-a-backup' }])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file).includes('plaintext-in-a-backup')).toBe(false)
})

it('is not there before it is whole, nor after it was abandoned', () => {
  const file = join(folder, 'abandoned.backup')
  const writer = new BackupWriter(file, meta, key)
  writer.add(PAGES[0])
  writer.add(PAGES[1])
  expect(existsSync(file)).toBe(false)
  writer.abandon()
  expect(existsSync(file)).toBe(false)
  expect(existsSync(`${file}.part`)).toBe(false)
})

it('two of the same pages differ', () => {
  const [one, two] = [written(), written()].map((file) => readFileSync(file))
  expect(one!.equals(two!)).toBe(false)
})

describe('refuses', () => {
  let bytes: Buffer
  beforeAll(() => {
    bytes = readFileSync(written())
  })
  function refused(changed: Buffer): string {
    const file = join(folder, `${++made}.changed`)
    writeFileSync(file, changed)
    try {
      readHeader(file)
      read(file)
    } catch (error) {
      expect(error).toBeInstanceOf(Stop)
      return (error as Stop).message
    }
    throw new Error('it was read')
  }

  it('a file that was cut, wherever', () => {
    for (let length = 0; length < bytes.byteLength; length += 7) {
      expect(refused(bytes.subarray(0, length))).toMatch(/no backup|damaged/)
    }
  })

  it('a file in which any byte was changed, header included', () => {
    for (let at = 0; at < bytes.byteLength; at += 5) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      expect(refused(changed)).toMatch(/no backup|damaged|version/)
    }
  })

  /** Offsets of the frames: each is a length and so many bytes. */
  function frames(): Buffer[] {
    let at = bytes.indexOf('\n', FORMAT.length + 1) + 1
    const all: Buffer[] = [bytes.subarray(0, at)]
    while (at < bytes.byteLength) {
      const end = at + 4 + bytes.readUInt32BE(at)
      all.push(bytes.subarray(at, end))
      at = end
    }
    return all
  }

  it('frames left out, doubled, in another order, or followed by more', () => {
    const [head, first, second, last] = frames() as [Buffer, Buffer, Buffer, Buffer]
    for (const order of [
      [head, first, second],
      [head, second, last],
      [head, last],
      [head, second, first, last],
      [head, first, first, second, last],
      [head, first, second, last, last],
      [head, first, second, last, Buffer.from('x')],
    ]) {
      expect(refused(Buffer.concat(order))).toContain('damaged')
    }
  })

  it('frames of another file under the same key', () => {
    const [head] = frames() as [Buffer]
    const other = readFileSync(written())
    const body = other.subarray(other.indexOf('\n', FORMAT.length + 1) + 1)
    expect(refused(Buffer.concat([head, body]))).toContain('damaged')
  })

  it('another key', () => {
    const file = written()
    expect(() => read(file, { id: 'a', secret: randomBytes(32) })).toThrow('damaged')
  })

  it('another version of the format, with what to do', () => {
    const text = bytes.toString('latin1').replace('mcp-edge-backup/1', 'mcp-edge-backup/2')
    expect(refused(Buffer.from(text, 'latin1'))).toMatch(/version 2.*\n.*release that wrote it/s)
  })

  it('what is no backup at all, or not there', () => {
    expect(refused(Buffer.from('{"format":"mcp-edge-catalog/1"}'))).toContain('no backup')
    expect(() => readHeader(join(folder, 'nowhere'))).toThrow('ENOENT')
  })
})
