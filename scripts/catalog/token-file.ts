/** Tokens of operators who signed in on this machine, one platform a line; git-ignored, mode 600. */
import { join } from 'node:path'
import { readIfPresent, SECRET_FILE_MODE, writeIfChanged } from '../gen/write-if-changed.ts'
import { ROOT } from '../root.ts'

export interface KeptTokens {
  readonly clientId: string
  readonly accessToken: string
  readonly expiresAtSeconds: number
  readonly refreshToken?: string
}

const FILE = join(ROOT, '.gen', 'catalog-tokens.json')

type Kept = Record<string, KeptTokens | undefined>

export function readTokens(origin: string, file = FILE): KeptTokens | undefined {
  return read(file)[origin]
}

/** @param tokens absent: forgets them */
export function keepTokens(origin: string, tokens: KeptTokens | undefined, file = FILE): void {
  const { [origin]: _old, ...others } = read(file)
  const kept = tokens ? { ...others, [origin]: tokens } : others
  writeIfChanged(file, `${JSON.stringify(kept, null, 2)}\n`, SECRET_FILE_MODE)
}

/** A file somebody broke costs one more sign-in. */
function read(file: string): Kept {
  try {
    return JSON.parse(readIfPresent(file) ?? '{}') as Kept
  } catch {
    return {}
  }
}
