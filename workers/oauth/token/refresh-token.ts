/**
 * Refresh tokens as clients hold them: the library's own token and its place in
 * its family, sealed. So a token that is none of ours wakes no object, and one that
 * was used up long ago is still known for what it is, with nothing stored for it.
 *
 * Does NOT say whether a token still counts: the grant does (rotation.ts).
 */
import { open, seal, type SealKeys } from '#shared/identity/seal.ts'

const PURPOSE = 'refresh'
export const REFRESH_TOKEN_PREFIX = 'rt_'

export interface RefreshToken {
  /** The library's: `user:grant:secret`. */
  readonly text: string
  /** 0 came with the code; each rotation adds one. */
  readonly generation: number
  /** A secret of the whole family (rotation.ts). Absent in tokens of releases that had none. */
  readonly root?: string
  /** Of release 0.1.0, which handed out the library's token as it was. */
  readonly unsealed?: true
}

interface Sealed {
  t: string
  g: number
  r?: string
}

export async function sealRefreshToken(
  keys: SealKeys,
  { text, generation, root }: RefreshToken,
): Promise<string> {
  const sealed: Sealed = { t: text, g: generation, ...(root === undefined ? {} : { r: root }) }
  return REFRESH_TOKEN_PREFIX + (await seal(keys, PURPOSE, sealed))
}

/** Such a token begins a family when it is first used, and is its generation 0 from then on. */
const UNSEALED = /^[^:]+:[^:]+:[^:]+$/

/** `undefined`: not one of ours, altered, or sealed under a key that has gone. */
export async function openRefreshToken(
  keys: SealKeys,
  presented: string,
): Promise<RefreshToken | undefined> {
  if (UNSEALED.test(presented)) return { text: presented, generation: 0, unsealed: true }
  if (!presented.startsWith(REFRESH_TOKEN_PREFIX)) return undefined
  const opened = await open<Sealed>(keys, PURPOSE, presented.slice(REFRESH_TOKEN_PREFIX.length))
  if (!opened.ok) return undefined
  const { t: text, g: generation, r: root } = opened.value
  return { text, generation, ...(root === undefined ? {} : { root }) }
}
