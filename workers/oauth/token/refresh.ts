/**
 * What a token request does to its grant, once the library has found it good: the
 * code begins a family of refresh tokens, a current token rotates, the one before
 * it is answered again. Written by compare-and-set; whoever lost a race looks anew.
 */
import type { GrantRecord } from './grant-record.ts'
import { firstToken, newFamily, rotated, standingOf, successorOf, touched } from './rotation.ts'
import type { RefreshToken } from './refresh-token.ts'
import type { GrantKv } from '../store.ts'

/** Written; with the refresh token to answer with, where there is one. */
export type Settled = { readonly refreshToken?: RefreshToken }

/**
 * @param issued the refresh token the library made, if it made one
 * @returns `undefined`: another request was first, and nothing was written
 */
export async function settleCode(
  kv: GrantKv,
  issued: string | undefined,
  nowSeconds: number,
): Promise<Settled | undefined> {
  const { after } = heldBy(kv)
  const refreshToken = issued === undefined ? undefined : await firstToken(issued)
  const family = await newFamily(refreshToken, nowSeconds)
  if (!(await kv.commit({ ...after, family }))) return undefined
  return refreshToken ? { refreshToken } : {}
}

/** As {@link settleCode}, for the refresh token `used`. */
export async function settleRefresh(
  kv: GrantKv,
  used: RefreshToken,
  issued: string,
  nowSeconds: number,
): Promise<Settled | undefined> {
  const { before, after } = heldBy(kv)
  const family =
    before?.family ?? (used.unsealed ? await newFamily(undefined, nowSeconds) : undefined)
  if (!before || !family) return undefined
  const standing = standingOf(family, used, nowSeconds)
  if (standing.kind === 'current' || standing.kind === 'ahead') {
    const { family: next, token } = await rotated(family, used, issued, nowSeconds)
    if (!(await kv.commit({ ...after, family: next }))) return undefined
    return { refreshToken: token }
  }
  // The library takes no other; one that another request has superseded since looks anew.
  if (standing.kind !== 'previous') return undefined
  const noted = touched(family, nowSeconds)
  const { expiresAt } = after
  const grant = { ...before, ...(expiresAt === undefined ? {} : { expiresAt }) }
  if (noted && !(await kv.commit({ ...grant, family: noted }))) return undefined
  return { refreshToken: await successorOf(family, used) }
}

function heldBy({ held }: GrantKv) {
  if (!held) throw new TypeError('The library issued tokens without writing a grant')
  return held
}

/**
 * Was a refused token superseded for longer than a request is on its way? Then it is
 * a copy, and its family ends. The library reads the grant after the client has
 * authenticated, so without that there is no `grant` to judge by.
 */
export function isReuse(
  grant: GrantRecord | undefined,
  used: RefreshToken,
  clientId: string | undefined,
  nowSeconds: number,
): grant is GrantRecord {
  // An unsealed one proves nothing: anybody who knows the grant's name can write it.
  if (!grant || used.unsealed || grant.clientId !== clientId) return false
  const standing = standingOf(grant.family, used, nowSeconds)
  return standing.kind === 'superseded' && standing.isReuse
}
