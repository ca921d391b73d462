/** Requests with DPoP proofs, each header as a test wants it; and what the platform says to them. */
import { createHash } from 'node:crypto'
import { createDpopNonces } from '#shared/identity/dpop-nonce.ts'
import { replayOf } from '#shared/contracts/entrypoints.ts'
import { makeProof, type Draft, type ProofKey } from '../_proofs.ts'
import { devSecrets } from '../../scripts/dev-secrets.ts'
import type { Flow } from './_oauth-client.ts'
import type { Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { modern, send, type Got } from './_wire.ts'

export type Change = (draft: Draft) => void
/** The parts of a proof of RFC 9449 §4.2 that a test gives, by value. */
type Header = string | string[] | undefined

/** What every answer's `DPoP-Nonce` said last: clients keep it by origin, as this does. */
let lastNonce: string | undefined
export const nonceNow = (): string | undefined => lastNonce

function remember(got: Got): Got {
  const nonce = got.headers['dpop-nonce']
  if (typeof nonce === 'string') lastNonce = nonce
  return got
}

/** A stranger's first request brings a nonce. */
export async function fetchNonce(platform: Platform): Promise<string> {
  remember(await send(platform.origin, { path: '/clock/mcp' }))
  if (lastNonce === undefined) throw new Error('the 401 carried no DPoP-Nonce')
  return lastNonce
}

const nonceOf = async (origin: string, atSeconds: number): Promise<string> => {
  const { router } = await devSecrets()
  return createDpopNonces(router.DPOP_SECRET, origin).current(atSeconds)
}
const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** Row 14: nonces that do not count at the platform of `origin`. */
export const BAD_NONCES: readonly [
  title: string,
  nonceOf: (origin: string) => Promise<string | undefined>,
][] = [
  ['missing', async () => undefined],
  ['nobody’s', async () => 'AAAAAAAAAAAAAAAAAAAAAA'],
  ['stale', (origin) => nonceOf(origin, nowSeconds() - 120)],
  ['of an authorization server elsewhere', () => nonceOf('https://login.example', nowSeconds())],
]

/** An access token bound to `key`, as the authorization server issues it. */
export const boundToken = (
  platform: Platform,
  server: string,
  key: ProofKey,
  claims: Parameters<typeof mintToken>[1] = {},
): Promise<string> => mintToken(platform.mcpUrl(server), { cnf: { jkt: key.jkt }, ...claims })

export interface Call {
  readonly server: string
  readonly tool: string
  readonly authorization: Header
  readonly proof?: Header
  readonly args?: Record<string, unknown>
  readonly path?: string
}

/** `tools/call`, in the modern era. */
export async function callTool(
  platform: Platform,
  { server, tool, authorization, proof, args = {}, path = `/${server}/mcp` }: Call,
): Promise<Got> {
  const { headers, body } = modern('tools/call', { name: tool, arguments: args })
  const all = { ...headers, authorization, dpop: proof } as Record<string, Header>
  return remember(await send(platform.origin, { path, headers: all, body }))
}

/** A proof for a call of `server`, broken by `change`. */
export const callProof = (
  platform: Platform,
  server: string,
  key: ProofKey,
  accessToken: string | undefined,
  change?: Change,
): string => makeProof(key, { url: platform.mcpUrl(server), nonce: lastNonce, accessToken }, change)

export const tokenProof = (platform: Platform, key: ProofKey, change?: Change): string =>
  makeProof(key, { url: `${platform.origin}/oauth/token`, nonce: lastNonce }, change)

export interface TokenAnswer extends Got {
  readonly json: {
    access_token?: string
    refresh_token?: string
    token_type?: string
    error?: string
  }
}

export async function requestToken(
  platform: Platform,
  form: Record<string, string>,
  proof?: Header,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const got = remember(
    await send(platform.origin, {
      path: '/oauth/token',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        dpop: proof,
        ...headers,
      },
      body: new URLSearchParams(form).toString(),
    }),
  )
  return { ...got, message: {}, json: JSON.parse(got.text) as TokenAnswer['json'] }
}

export const codeForm = (flow: Flow, callback: URL): Record<string, string> => ({
  grant_type: 'authorization_code',
  code: callback.searchParams.get('code') ?? '',
  redirect_uri: flow.authorizeUrl.searchParams.get('redirect_uri') ?? '',
  code_verifier: flow.verifier,
  client_id: flow.client.client_id,
})

export const refreshForm = (flow: Flow, refreshToken = ''): Record<string, string> => ({
  grant_type: 'refresh_token',
  refresh_token: refreshToken,
  client_id: flow.client.client_id,
})

/** Uses a proof up as another isolate would, in the object that all isolates share. */
export async function useElsewhere(
  platform: Platform,
  key: ProofKey,
  proof: string,
): Promise<void> {
  const [, payload = ''] = proof.split('.')
  const { jti, htu } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Draft['claims']
  const name = createHash('sha256')
    .update(`${String(htu)} ${String(jti)}`)
    .digest('base64url')
  const { REPLAY } = await platform.worker('mcp-edge-router').getEnv()
  const isNew = await replayOf(REPLAY as DurableObjectNamespace, key.jkt).claim(name)
  if (!isNew) throw new Error('the proof had been used before')
}
