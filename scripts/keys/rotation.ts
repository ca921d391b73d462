/**
 * Rotation of every key of an installation, as one change of its keys: the new one is
 * added, the old one counts as long as anything it made, and what has run out drops.
 * Pure: whoever keeps the keys (development's file, the operator's) writes the result
 * and hands it to the Workers, as often and as late as they like.
 *
 * New keys wait for `LEAD_SECONDS` before they are used, so that every isolate and
 * every copy of the JWKS knows them by then. A leaked key is another matter: it goes
 * at once, with all it made.
 */
import type { JWK } from 'jose'
import {
  certified,
  makeKeyPair,
  makeSecret,
  makeTokenKey,
  type PlatformKeys,
  type TokenKey,
} from './platform-keys.ts'

export const KEY_KINDS = ['tokens', 'seals', 'capabilities', 'nonces', 'signing', 'anchor'] as const
export type KeyKind = (typeof KEY_KINDS)[number]

const DAY_SECONDS = 86_400
/** Cached JWKS (300 s), isolates of the deploy before, and clocks. */
export const LEAD_SECONDS = 900
/** How long what a retired key made may still come back, by what it is. */
export const OVERLAP_SECONDS = {
  /** The longest access token. */
  tokens: DAY_SECONDS,
  /** 2025-era session ids; states of questions are shorter. */
  routerSeals: 30 * DAY_SECONDS,
  /** Registrations sealed into client ids; refresh tokens and sign-ins are shorter. */
  oauthSeals: 365 * DAY_SECONDS,
  /** Capabilities of one request; the day is for isolates that live long. */
  capabilities: DAY_SECONDS,
  /** Nonces count for two minutes; the rest is the time a deploy takes. */
  nonces: LEAD_SECONDS,
  /** Assertions live five minutes, and servers keep them as long. */
  anchor: LEAD_SECONDS,
} as const

export interface RotateOptions {
  readonly nowSeconds: number
  readonly certificateLifetimeSeconds: number
  /** The old key counts no longer at all. */
  readonly leaked?: boolean
}

/** The keys with a new one of `kind`, and without what has run out. */
export async function rotated(
  keys: PlatformKeys,
  kind: KeyKind,
  options: RotateOptions,
): Promise<PlatformKeys> {
  const { nowSeconds, leaked = false } = options
  const kept = withoutRetired(keys, nowSeconds)
  const seals = (text: string, overlap: number): string =>
    rotatedSeals(text, overlap, nowSeconds, leaked)
  switch (kind) {
    case 'tokens':
      return { ...kept, tokenKeys: await rotatedTokenKeys(kept.tokenKeys, nowSeconds, leaked) }
    case 'seals': {
      const { router, oauth } = kept.sealSecrets
      const { routerSeals, oauthSeals } = OVERLAP_SECONDS
      return {
        ...kept,
        sealSecrets: { router: seals(router, routerSeals), oauth: seals(oauth, oauthSeals) },
      }
    }
    case 'capabilities': {
      const { capabilities } = OVERLAP_SECONDS
      return { ...kept, capabilitySecrets: seals(kept.capabilitySecrets, capabilities) }
    }
    case 'nonces':
      return { ...kept, dpopSecret: rotatedNonces(kept.dpopSecret, nowSeconds, leaked) }
    case 'signing':
      return withNewSigningKey(kept, options)
    case 'anchor':
      return rotatedAnchor(kept, options)
  }
}

/** Without keys whose time has passed: they count no longer anyhow, and secrets have a size. */
export function withoutRetired(keys: PlatformKeys, nowSeconds: number): PlatformKeys {
  const { previousAnchor, ...rest } = keys
  const seals = (text: string): string => partsOf(text).filter(counts(nowSeconds)).join(',')
  return {
    ...rest,
    tokenKeys: keys.tokenKeys.filter((key) => (key.exp ?? Infinity) > nowSeconds),
    sealSecrets: { router: seals(keys.sealSecrets.router), oauth: seals(keys.sealSecrets.oauth) },
    capabilitySecrets: seals(keys.capabilitySecrets),
    dpopSecret: partsOf(keys.dpopSecret)
      .filter((part) => Number(part.split(':')[1] ?? Infinity) > nowSeconds)
      .join(','),
    ...(previousAnchor && previousAnchor.untilSeconds > nowSeconds ? { previousAnchor } : {}),
  }
}

/** Public anchors that builds embed, newest first. */
export const anchorsOf = ({ nextAnchor, anchor, previousAnchor }: PlatformKeys): JWK[] => [
  ...(nextAnchor ? [nextAnchor.publicJwk] : []),
  anchor.publicJwk,
  ...(previousAnchor ? [previousAnchor.publicJwk] : []),
]

async function rotatedTokenKeys(
  keys: readonly TokenKey[],
  nowSeconds: number,
  leaked: boolean,
): Promise<TokenKey[]> {
  const made = await makeTokenKey()
  if (leaked) return [made]
  const from = nowSeconds + LEAD_SECONDS
  const until = from + OVERLAP_SECONDS.tokens
  return [{ ...made, nbf: from }, ...keys.map((key) => ({ ...key, exp: key.exp ?? until }))]
}

function rotatedSeals(
  text: string,
  overlapSeconds: number,
  nowSeconds: number,
  leaked: boolean,
): string {
  const parts = partsOf(text)
  const newest = Math.max(...parts.map((part) => Number(/^k(\d+):/.exec(part)?.[1] ?? 0)))
  const made = `k${newest + 1}:${makeSecret()}`
  if (leaked) return made
  const from = nowSeconds + LEAD_SECONDS
  return [`${made}:${from}-`, ...parts.map((part) => retired(part, from + overlapSeconds))].join(
    ',',
  )
}

/** `kid:secret[:from-until]`, with an end unless it has one. */
function retired(part: string, untilSeconds: number): string {
  const [kid = '', secret = '', time = '-'] = part.split(':')
  const [from = '', until = ''] = time.split('-')
  return `${kid}:${secret}:${from}-${until || untilSeconds}`
}

function counts(nowSeconds: number): (part: string) => boolean {
  return (part) => Number(part.split(':')[2]?.split('-')[1] || Infinity) > nowSeconds
}

function rotatedNonces(text: string, nowSeconds: number, leaked: boolean): string {
  if (leaked) return makeSecret()
  const until = nowSeconds + OVERLAP_SECONDS.nonces
  const [newest = ''] = partsOf(text)
  return `${makeSecret()},${newest.split(':')[0]}:${until}`
}

const partsOf = (text: string): string[] => text.split(',').map((part) => part.trim())

async function withNewSigningKey(
  keys: PlatformKeys,
  { certificateLifetimeSeconds, nowSeconds }: RotateOptions,
): Promise<PlatformKeys> {
  const pair = await makeKeyPair('EdDSA')
  const signing = await certified(keys.anchor, pair, certificateLifetimeSeconds, nowSeconds)
  return { ...keys, signing }
}

/**
 * In two steps, a round of deploys between them: first every server learns the next
 * anchor, then the next one vouches. A leaked anchor is replaced at once: servers
 * built before refuse every call until they are deployed again.
 */
async function rotatedAnchor(keys: PlatformKeys, options: RotateOptions): Promise<PlatformKeys> {
  const { nextAnchor, previousAnchor: _, ...rest } = keys
  if (options.leaked) {
    return withNewSigningKey({ ...rest, anchor: await makeKeyPair('EdDSA') }, options)
  }
  if (!nextAnchor) return { ...keys, nextAnchor: await makeKeyPair('EdDSA') }
  const untilSeconds = options.nowSeconds + OVERLAP_SECONDS.anchor
  const previousAnchor = { publicJwk: keys.anchor.publicJwk, untilSeconds }
  return withNewSigningKey({ ...rest, anchor: nextAnchor, previousAnchor }, options)
}
