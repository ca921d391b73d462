/**
 * Refresh tokens as clients hold them: the library's own token and its place in
 * its family, sealed. So a token that is none of ours wakes no object, and one that
 * was used up long ago is still known for what it is, with nothing stored for it.
 *
 * Does NOT say whether a token still counts: the grant does (rotation.ts).
 */
import { open, seal, type SealKeys } from '#shared/auth/seal.ts'

const PURPOSE = 'refresh'
export const REFRESH_TOKEN_PREFIX = 'rt_'

export interface RefreshToken {
  /** The library's: `user:grant:secret`. */
  readonly text: string
  /** 0 came with the code; each rotation adds one. */
  readonly generation: number
  /** Of release 0.1.0, which handed out the library's token as it was. */
  readonly unsealed?: true
}

interface Sealed {
  t: string
  g: number
}

export async function sealRefreshToken(
  keys: SealKeys,
  { text, generation }: RefreshToken,
): Promise<string> {
  return (
    REFRESH_TOKEN_PREFIX + (await seal(keys, PURPOSE, { t: text, g: generation } satisfies Sealed))
  )
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
  return opened.ok ? { text: opened.value.t, generation: opened.value.g } : undefined
}
