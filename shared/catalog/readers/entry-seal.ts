/**
 * What a reader believes of an entry in KV (`server:<name>:<digest>`): exactly what hashes
 * to the digest in its key. The index names that digest and is signed (index-seal.ts).
 */
import { isObject } from '../../protocol/jsonrpc.ts'
import { fail, ok, type Result } from '../../lib/result.ts'
import { changedEntryDigest, definitionsDigest } from '../digest.ts'
import type { ServerEntry } from '../entry.ts'
import type { Refusal } from './index-seal.ts'

/**
 * @param text what KV holds
 * @param view `viewOf()` what the index points at: the digest in the key
 * @returns an entry of nothing but hashed members: what a digest does not cover is left out
 * @throws SyntaxError when `text` is not JSON
 */
export async function openEntry(
  text: string,
  name: string,
  view: string,
): Promise<Result<ServerEntry, Refusal>> {
  const value: unknown = JSON.parse(text)
  if (!isEntry(value) || value.name !== name) return fail('not_its_key')
  const { digest, definitions, aliases, emptied } = value
  const isChanged = value.view !== undefined
  const shown = isChanged ? { digest, definitions, aliases, emptied } : { digest, definitions }
  const hash = await (isChanged ? changedEntryDigest(shown) : definitionsDigest(definitions))
  if (hash !== view || (!isChanged && digest !== view)) return fail('not_its_key')
  return ok({ name, ...(isChanged ? { view } : {}), ...shown } as ServerEntry)
}

const isEntry = (value: unknown): value is ServerEntry =>
  isObject(value) &&
  typeof value['digest'] === 'string' &&
  isObject(value['definitions']) &&
  Array.isArray(value['definitions']['tools'])
