/** Pins what callers were shown: SHA-256 (base64url) of an RFC 8785 form. */
import { canonicalJson } from '../lib/canonical-json.ts'
import { toBase64Url } from '../lib/base64url.ts'
import type { Definitions, ServerEntry } from './entry.ts'

/**
 * Of a server's own definitions.
 *
 * @throws TypeError when `definitions` holds what JSON cannot say (NaN, Infinity)
 */
export const definitionsDigest = (definitions: Definitions): Promise<string> =>
  digestOf(definitions)

/**
 * Of an entry that an operator changed: all that it shows, and of which code.
 * It names the entry in KV and in the index (`viewOf`).
 */
export const changedEntryDigest = ({
  digest,
  definitions,
  aliases,
  emptied,
}: Shown): Promise<string> => digestOf({ digest, definitions, aliases, emptied })

/** What is not there may be absent or `undefined`: the canonical form leaves it out. */
type Shown = Pick<ServerEntry, 'digest' | 'definitions'> & {
  readonly [Name in 'aliases' | 'emptied']?: ServerEntry[Name] | undefined
}

async function digestOf(value: object): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(value))
  const hash = await crypto.subtle.digest('SHA-256', bytes)
  return toBase64Url(new Uint8Array(hash))
}
