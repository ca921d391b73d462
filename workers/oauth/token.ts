/**
 * The token endpoint (RFC 6749 §3.2, OAuth 2.1): the library checks client, code,
 * PKCE and refresh token; its opaque access token is replaced by an `at+jwt`, bound
 * to the key of the request's DPoP proof when it brings one (RFC 9449 §5).
 */
import { signAccessToken } from '#shared/auth/access-token.ts'
import type { VerifiedProof } from '#shared/auth/dpop-proof.ts'
import { identityOf } from '#shared/auth/principal.ts'
import { claimProof } from '#shared/auth/replay.ts'
import { asFor, asForAny, type Carrier, type Issued } from './as-for-resource.ts'
import { NO_STORE, oauthError, withJson } from './answers.ts'
import { boundedText } from './bounded-text.ts'
import { dpopRefusal, proofOf, withNonce } from './dpop.ts'
import type { Exchange } from './exchange.ts'
import { FORM_MAX_BYTES, REFRESH_ATTEMPTS } from './limits.ts'
import { TOKEN_PATH } from './paths.ts'
import { post } from './register.ts'
import { resourceOf, serverNameOf, type KnownServer } from './servers.ts'
import type { Settings } from './settings.ts'

interface TokenResponse {
  access_token: string
  expires_in: number
  scope: string
  refresh_token?: string
}

/** What the library's callback needs to know of the request. */
type Presented = Pick<Carrier, 'proof' | 'claimProof' | 'hasAssertion'>

export async function token(request: Request, exchange: Exchange): Promise<Response> {
  return withNonce(await answer(request, exchange), exchange.settings)
}

async function answer(request: Request, exchange: Exchange): Promise<Response> {
  const proof = await proofOf(request, exchange.settings)
  if (!proof.ok) return dpopRefusal(proof.failure)
  const text = await boundedText(request, FORM_MAX_BYTES)
  if (text === undefined) return oauthError(413, 'invalid_request', 'The form is too large')
  const form = new URLSearchParams(text)
  const server = await serverOfGrant(form, exchange)
  normalise(form, exchange.settings)
  // Without a grant nothing is said of resources: clients start over at invalid_grant alone.
  if (!server) form.delete('resource')
  const presented = {
    ...present(proof.value, exchange),
    hasAssertion: form.has('client_assertion'),
  }
  // A refresh that lost a race finds its token still valid as the previous one, and tries again.
  const attempts = form.get('grant_type') === 'refresh_token' ? REFRESH_ATTEMPTS : 1
  let tried = await attempt(request, form, server, presented, exchange)
  for (let count = 1; count < attempts && tried.raced; count += 1) {
    tried = await attempt(request, form, server, presented, exchange)
  }
  return tried.response
}

/** The proof, used up at most once however often the request is attempted. */
function present(proof: VerifiedProof | undefined, { replay }: Exchange): Presented {
  if (!proof) return {}
  let claimed: Promise<boolean> | undefined
  return { proof, claimProof: () => (claimed ??= claimProof(replay, proof)) }
}

async function attempt(
  request: Request,
  form: URLSearchParams,
  server: KnownServer | undefined,
  presented: Presented,
  { settings, ctx, asEnv }: Exchange,
): Promise<{ response: Response; raced: boolean }> {
  const carrier: Carrier = server ? { server, ...presented } : {}
  const as = server
    ? asFor(settings, resourceOf(settings.publicOrigin, server.name))
    : asForAny(settings)
  const env = asEnv(carrier)
  const forwarded = post(request, settings.issuer + TOKEN_PATH, form.toString())
  const answer = await as.fetch(forwarded, env, ctx)
  if (!answer.ok || !carrier.issued)
    return { response: uncached(answer), raced: env.OAUTH_KV.raced }
  const body = (await answer.json()) as TokenResponse
  const { issued, proof } = carrier
  const accessToken = await mint(settings, issued, proof, body)
  const tokens = { ...body, access_token: accessToken, token_type: proof ? 'DPoP' : 'Bearer' }
  return { response: uncached(withJson(answer, tokens)), raced: false }
}

async function mint(
  settings: Settings,
  issued: Issued,
  proof: VerifiedProof | undefined,
  body: TokenResponse,
): Promise<string> {
  const { signing } = await settings.tokenKeys()
  const nowSeconds = Math.floor(Date.now() / 1000)
  return signAccessToken(signing, {
    iss: settings.issuer,
    sub: issued.props.subject,
    aud: issued.resource,
    client_id: issued.clientId,
    scope: body.scope,
    iat: nowSeconds,
    exp: nowSeconds + body.expires_in,
    jti: crypto.randomUUID(),
    gid: issued.grantId,
    tenant: issued.props.tenant,
    ...identityOf(issued.props),
    ...(proof ? { cnf: { jkt: proof.jkt } } : {}),
  })
}

/**
 * The server the presented code or refresh token is for. Codes and refresh tokens
 * are `user:grant:secret`; the grant names its resource. A server that has gone
 * takes its grants with it: the library then finds no fitting resource.
 */
async function serverOfGrant(
  form: URLSearchParams,
  { shards, settings, catalog, ctx }: Exchange,
): Promise<KnownServer | undefined> {
  const presented = form.get('code') ?? form.get('refresh_token') ?? ''
  const [user = '', grant = '', secret] = presented.split(':')
  if (secret === undefined) return undefined
  const key = `grant:${user}:${grant}`
  const stored = await shards.holding(key)?.get(key)
  if (!stored) return undefined
  const { resource } = JSON.parse(stored.value) as { resource?: unknown }
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
