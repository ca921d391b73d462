/**
 * A backup as a file, version 1: encrypted and authenticated, in frames, so that it is
 * written and read as a stream. A file that was cut, edited, put together or made with
 * another key does not open; restore reads all of it before it writes anything.
 *
 *     mcp-edge-backup/1\n
 *     <header, JSON>\n
 *     (<length, 4 bytes, big endian> <AES-256-GCM of a page, JSON>)*
 *
 * Each file has a key of its own (HKDF of an installation's key and the header's salt).
 * A frame's nonce is its number and whether it is the last; the header is additional
 * data of every frame. This is the STREAM construction (Hoang, Reyhanitabar, Rogaway,
 * Vizár 2015), as age and Tink use it.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { SECRET_FILE_MODE } from '../gen/write-if-changed.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import type { BackupKey } from './key.ts'

export const FORMAT = 'mcp-edge-backup/1'
const MAGIC = /^mcp-edge-backup\/(\d+)\n/
const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const SALT_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const LENGTH_BYTES = 4
/** A header names an origin and some dates. */
const HEADER_MAX_BYTES = 4_096
/** A page is a few MiB at most; a larger length is damage. */
const FRAME_MAX_BYTES = 64 * 1024 * 1024

export interface BackupHeader {
  readonly id: string
  readonly createdMs: number
  /** The environment and the authorization server it was made of. */
  readonly env: string
  readonly issuer: string
  /** Of the key that opens it (key.ts). */
  readonly keyId: string
  readonly salt: string
}

export class BackupWriter {
  readonly header: BackupHeader
  readonly #file: string
  readonly #draft: string
  readonly #descriptor: number
  readonly #seal: (plain: Buffer, number: number, isLast: boolean) => Buffer
  #frames = 0
  #waiting: Buffer | undefined

  /** Writes beside `file`, which is there only once it is whole. */
  constructor(file: string, header: Omit<BackupHeader, 'keyId' | 'salt'>, key: BackupKey) {
    const salt = randomBytes(SALT_BYTES).toString('base64url')
    this.header = { ...header, keyId: key.id, salt }
    this.#file = file
    this.#draft = `${file}.part`
    this.#descriptor = openSync(this.#draft, 'w', SECRET_FILE_MODE)
    const head = headOf(this.header)
    const secret = fileKeyOf(key, salt)
    this.#seal = (plain, number, isLast) => {
      const cipher = createCipheriv(CIPHER, secret, nonceOf(number, isLast)).setAAD(head)
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    }
    writeSync(this.#descriptor, head)
  }

  add(page: unknown): void {
    this.#flush(false)
    this.#waiting = Buffer.from(JSON.stringify(page))
  }

  /** The file takes its name. */
  finish(): void {
    this.#waiting ??= Buffer.from('null')
    this.#flush(true)
    closeSync(this.#descriptor)
    renameSync(this.#draft, this.#file)
  }

  abandon(): void {
    closeSync(this.#descriptor)
    rmSync(this.#draft, { force: true })
  }

  #flush(isLast: boolean): void {
    if (!this.#waiting) return
    const sealed = this.#seal(this.#waiting, this.#frames, isLast)
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(sealed.byteLength)
    writeSync(this.#descriptor, length)
    writeSync(this.#descriptor, sealed)
    this.#frames += 1
    this.#waiting = undefined
  }
}

/** @throws Stop when it is no backup, or of a version this release does not know */
export function readHeader(file: string): BackupHeader {
  const descriptor = openFile(file)
  try {
    return headerOf(file, descriptor).header
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Every page, in the order they were written. Nothing that it gave counts before it has
 * ended: the last frame tells a whole file from one that was cut.
 *
 * @throws Stop when the file was cut, edited, or made with another key
 */
export function* readPages(file: string, key: BackupKey): Generator<unknown> {
  const descriptor = openFile(file)
  try {
    const { header, head } = headerOf(file, descriptor)
    const secret = fileKeyOf(key, header.salt)
    let at = head.byteLength
    const read = (length: number): Buffer => {
      const bytes = Buffer.alloc(length)
      const count = readSync(descriptor, bytes, 0, length, at)
      at += count
      return bytes.subarray(0, count)
    }
    for (let number = 0; ; number += 1) {
      const length = read(LENGTH_BYTES)
      if (length.byteLength < LENGTH_BYTES) throw damaged(file)
      const sealed = read(Math.min(length.readUInt32BE(), FRAME_MAX_BYTES))
      if (sealed.byteLength < length.readUInt32BE()) throw damaged(file)
      const page = openFrame(secret, head, sealed, number)
      if (!page) throw damaged(file)
      yield JSON.parse(page.plain.toString())
      if (!page.isLast) continue
      if (read(1).byteLength > 0) throw damaged(file)
      return
    }
  } finally {
    closeSync(descriptor)
  }
}

function openFrame(secret: Buffer, head: Buffer, sealed: Buffer, number: number) {
  for (const isLast of [false, true]) {
    try {
      const decipher = createDecipheriv(CIPHER, secret, nonceOf(number, isLast)).setAAD(head)
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
      const body = sealed.subarray(0, -TAG_BYTES)
      return { plain: Buffer.concat([decipher.update(body), decipher.final()]), isLast }
    } catch {
      // Not under this nonce: the other one, or none.
    }
  }
  return undefined
}

const headOf = (header: BackupHeader): Buffer =>
  Buffer.from(`${FORMAT}\n${JSON.stringify(header)}\n`)

function headerOf(file: string, descriptor: number): { header: BackupHeader; head: Buffer } {
  const bytes = Buffer.alloc(HEADER_MAX_BYTES)
  const text = bytes.subarray(0, readSync(descriptor, bytes, 0, HEADER_MAX_BYTES, 0)).toString()
  const [magic, version] = MAGIC.exec(text) ?? []
  if (magic === undefined) {
    throw new Stop(shown(file), 'This is no backup.', 'Name a file that the backup command wrote.')
  }
  if (`mcp-edge-backup/${version}` !== FORMAT) {
    throw new Stop(
      shown(file),
      `It has version ${version} of the format; this release reads version 1.`,
      'Restore it with the release that wrote it.',
    )
  }
  const end = text.indexOf('\n', magic.length)
  const header = parseHeader(text.slice(magic.length, end))
  if (end < 0 || !header) throw damaged(file)
  return { header, head: bytes.subarray(0, Buffer.byteLength(text.slice(0, end + 1))) }
}

function parseHeader(text: string): BackupHeader | undefined {
  try {
    const header = JSON.parse(text) as Partial<Record<keyof BackupHeader, unknown>>
    const texts = [header.id, header.env, header.issuer, header.keyId, header.salt]
    const isWhole = texts.every((one) => typeof one === 'string')
    return isWhole && typeof header.createdMs === 'number' ? (header as BackupHeader) : undefined
  } catch {
    return undefined
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new Stop(shown(file), `It cannot be read: ${reason}.`, 'Name a file that is there.')
  }
}

const damaged = (file: string): Stop =>
  new Stop(
    shown(file),
    'It is damaged: it was cut or changed after it was written. Nothing was restored.',
    'Take another copy of it, or another backup.',
  )

function fileKeyOf({ secret }: BackupKey, salt: string): Buffer {
  const bytes = hkdfSync('sha256', secret, Buffer.from(salt, 'base64url'), FORMAT, KEY_BYTES)
  return Buffer.from(bytes)
}

/** Eleven bytes of the frame's number, one that says whether it is the last. */
function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeUInt32BE(number, NONCE_BYTES - 1 - 4)
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0
  return nonce
}
