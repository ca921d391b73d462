/**
 * The token endpoint (RFC 6749 §3.2, OAuth 2.1): the library checks client, code,
 * PKCE and refresh token; its opaque access token is replaced by an `at+jwt`, bound
 * to the key of the request's DPoP proof when it brings one (RFC 9449 §5).
 */
import type { VerifiedProof } from '#shared/identity/dpop-proof.ts'
import { claimProof } from '#shared/contracts/claim-proof.ts'
import { logEvent } from '#shared/lib/log.ts'
import { mintAccessToken } from './access-tokens.ts'
import {
  asFor,
  asForAny,
  askLibrary,
  type AsEnv,
  type Carrier,
  type Issued,
} from '../authorize/as-for-resource.ts'
import { NO_STORE, oauthError, withJson } from '../answers.ts'
import { boundedText } from '../bounded-text.ts'
import { clientNamedBy } from '../machines/client-credentials.ts'
import { dpopRefusal, proofOf, withNonce } from './dpop.ts'
import type { Exchange } from '../exchange.ts'
import { grantKeyOf, type GrantRecord } from './grant-record.ts'
import { FORM_MAX_BYTES, REFRESH_ATTEMPTS } from '../limits.ts'
import { machineToken } from '../machines/machine-token.ts'
import { TOKEN_PATH } from '../paths.ts'
import { isReuse, settleCode, settleRefresh, type Settled } from './refresh.ts'
import { openRefreshToken, sealRefreshToken, type RefreshToken } from './refresh-token.ts'
import { post } from '../authorize/register.ts'
import { asStored } from './rotation.ts'
import { resourceOf, serverNameOf } from '../authorize/resource.ts'
import type { KnownServer } from '../authorize/known-server.ts'
import type { Settings } from '../settings.ts'

interface TokenResponse {
  access_token: string
  expires_in: number
  scope: string
  refresh_token?: string
}

/** What the library's callback needs to know of the request. */
type Presented = Pick<Carrier, 'proof' | 'claimProof' | 'hasAssertion'>

/** One token request, read once and attempted as often as it loses a race. */
interface Asked extends Presented {
  readonly request: Request
  readonly form: URLSearchParams
  /** Of the presented code or refresh token; its server may be gone. */
  readonly grantKey: string | undefined
  readonly server: KnownServer | undefined
  readonly refreshToken: RefreshToken | undefined
  /** Shared by all attempts: see store.ts. */
  readonly assertionsUsed: Set<string>
}

export async function token(request: Request, exchange: Exchange): Promise<Response> {
  return withNonce(await answer(request, exchange), exchange.settings)
}

async function answer(request: Request, exchange: Exchange): Promise<Response> {
  const proof = await proofOf(request, exchange.settings)
  if (!proof.ok) return dpopRefusal(proof.failure)
  const text = await boundedText(request, FORM_MAX_BYTES)
  if (text === undefined) return oauthError(413, 'invalid_request', 'The form is too large')
  const form = new URLSearchParams(text)
  if (form.get('grant_type') === 'client_credentials' && exchange.settings.machines.size > 0) {
    return machineToken(request, form, proof.value, exchange)
  }
  const presentedToken = await openPresented(form, exchange.settings)
  const grantKey = grantKeyIn(form)
  const grant = grantKey === undefined ? undefined : await storedGrant(grantKey, exchange)
  const server = grant && (await serverOfGrant(grant, exchange))
  const refreshToken = presentedToken && (await substituted(presentedToken, grant, form))
  normalise(form, exchange.settings)
  // Without a grant nothing is said of resources: clients start over at invalid_grant alone.
  if (!server) form.delete('resource')
  const hasAssertion = form.has('client_assertion')
  const presented = { ...present(proof.value, exchange), hasAssertion }
  const assertionsUsed = new Set<string>()
  const asked: Asked = {
    request,
    form,
    grantKey,
    server,
    refreshToken,
    assertionsUsed,
    ...presented,
  }
  return (await attempts(asked, exchange)) ?? lostRace()
}

/** A refresh that lost a race finds its token still answered as the previous one; a code does not. */
async function attempts(asked: Asked, exchange: Exchange): Promise<Response | undefined> {
  const most = asked.refreshToken ? REFRESH_ATTEMPTS : 1
  for (let count = 0; count < most; count += 1) {
    const response = await attempt(asked, exchange)
    if (response) return response
  }
  return undefined
}

const lostRace = (): Response =>
  oauthError(400, 'invalid_grant', 'Another request used this code or token at the same moment')

/** The proof, used up at most once however often the request is attempted. */
function present(proof: VerifiedProof | undefined, { replay }: Exchange): Presented {
  if (!proof) return {}
  let claimed: Promise<boolean> | undefined
  return { proof, claimProof: () => (claimed ??= claimProof(replay, proof)) }
}

/** @returns `undefined` when another request wrote the grant first */
async function attempt(asked: Asked, exchange: Exchange): Promise<Response | undefined> {
  const { request, form, server, refreshToken, proof, claimProof, hasAssertion } = asked
  const { assertionsUsed } = asked
  const { settings, ctx, asEnv } = exchange
  const presented = { proof, claimProof, hasAssertion } as Presented
  const carrier: Carrier = server ? { server, ...presented } : {}
  const as = server
    ? asFor(settings, resourceOf(settings.publicOrigin, server.name))
    : asForAny(settings)
  const env = asEnv(carrier, { holdsGrants: true, assertionsUsed })
  const forwarded = post(request, settings.issuer + TOKEN_PATH, form.toString())
  const answered = await askLibrary(as, forwarded, env, ctx)
  const { issued } = carrier
  if (!answered.ok || !issued) {
    if (!answered.ok) await endReused(asked, env, exchange)
    return uncached(answered)
  }
  const body = (await answered.json()) as TokenResponse
  const made = body.refresh_token
  const nowSeconds = Math.floor(Date.now() / 1000)
  const settled = refreshToken
    ? await settleRefresh(env.OAUTH_KV, refreshToken, String(made), nowSeconds)
    : await settleCode(env.OAUTH_KV, made, nowSeconds)
  if (!settled) return undefined
  return uncached(withJson(answered, await tokensOf(body, issued, proof, settled, settings)))
}

async function tokensOf(
  body: TokenResponse,
  issued: Issued,
  proof: VerifiedProof | undefined,
  { refreshToken }: Settled,
  settings: Settings,
) {
  return {
    ...body,
    access_token: await mintAccessToken(settings, {
      person: issued.props,
      clientId: issued.clientId,
      grantId: issued.grantId,
      resource: issued.resource,
      scope: body.scope,
      lifetimeSeconds: body.expires_in,
      jkt: proof?.jkt,
    }),
    token_type: proof ? 'DPoP' : 'Bearer',
    ...(refreshToken
      ? { refresh_token: await sealRefreshToken(await settings.refreshKeys(), refreshToken) }
      : {}),
  }
}

async function endReused(asked: Asked, env: AsEnv, { settings, asEnv }: Exchange): Promise<void> {
  const { request, form, refreshToken, grantKey } = asked
  if (!refreshToken || grantKey === undefined) return
  const nowSeconds = Math.floor(Date.now() / 1000)
  const client = clientNamedBy(request, form)
  const grant = env.OAUTH_KV.grant(grantKey)
  if (!isReuse(grant, refreshToken, client, nowSeconds)) return
  logEvent('refresh_token_reused', { grant: grant.id })
  await asForAny(settings).getOAuthApi(asEnv()).revokeGrant(grant.id, grant.userId)
}

/** Puts the library's own token in place of the sealed one; what is none of ours means no grant. */
async function openPresented(
  form: URLSearchParams,
  settings: Settings,
): Promise<RefreshToken | undefined> {
  const presented = form.get('refresh_token')
  if (form.get('grant_type') !== 'refresh_token' || presented === null) return undefined
  const opened = await openRefreshToken(await settings.refreshKeys(), presented)
  form.set('refresh_token', opened?.text ?? 'none')
  return opened
}

/** Codes and the library's refresh tokens are `user:grant:secret`. */
function grantKeyIn(form: URLSearchParams): string | undefined {
  const isRefresh = form.get('grant_type') === 'refresh_token'
  const presented = form.get(isRefresh ? 'refresh_token' : 'code') ?? ''
  const [user = '', grant = '', secret] = presented.split(':')
  return secret === undefined ? undefined : grantKeyOf(user, grant)
}

async function storedGrant(key: string, { shards }: Exchange): Promise<GrantRecord | undefined> {
  const stored = await shards.holding(key)?.get(key)
  return stored ? (JSON.parse(stored.value) as GrantRecord) : undefined
}

/** After a restore a token may be newer than what is stored: the library is given the one it knows. */
async function substituted(
  presented: RefreshToken,
  grant: GrantRecord | undefined,
  form: URLSearchParams,
): Promise<RefreshToken> {
  const known = grant?.family ? await asStored(grant.family, presented) : presented
  form.set('refresh_token', known.text)
  return known
}

/**
 * The server a grant is for. One that has gone takes its grants with it: the
 * library then finds no fitting resource.
 */
async function serverOfGrant(
  { resource }: GrantRecord,
  { settings, catalog, ctx }: Exchange,
): Promise<KnownServer | undefined> {
  const name = serverNameOf(settings.publicOrigin, String(resource))
  return name === undefined ? undefined : catalog.find(name, ctx)
}

/** Spellings of a resource become the canonical one; `offline_access` is no scope of a server. */
function normalise(form: URLSearchParams, { publicOrigin }: Settings): void {
  const resources = form.getAll('resource')
  form.delete('resource')
  for (const resource of resources) {
    const name = serverNameOf(publicOrigin, resource)
    form.append('resource', name === undefined ? resource : resourceOf(publicOrigin, name))
  }
  if (form.getAll('scope').length !== 1) return
  const scopes = form.get('scope')?.split(' ') ?? []
  const kept = scopes.filter((scope) => scope && scope !== 'offline_access')
  if (kept.length > 0) form.set('scope', kept.join(' '))
  else form.delete('scope')
}

function uncached(answer: Response): Response {
  const headers = new Headers(answer.headers)
  for (const [name, value] of Object.entries(NO_STORE)) headers.set(name, value)
  return new Response(answer.body, { status: answer.status, headers })
}
