/**
 * RFC 7009 for both kinds of token: each ends its whole grant, if it belongs to the
 * authenticated client. A refresh token that was used up counts, too: whoever signs
 * out with an old copy means it. An expired or foreign token is answered like a
 * revoked one (§2.2).
 */
import { readAccessToken } from './access-tokens.ts'
import { asForAny, askLibrary } from '../authorize/as-for-resource.ts'
import { oauthError } from '../answers.ts'
import { boundedText } from '../bounded-text.ts'
import { clientNamedBy } from '../machines/client-credentials.ts'
import type { Exchange } from '../exchange.ts'
import { grantKeyOf } from './grant-record.ts'
import { FORM_MAX_BYTES } from '../limits.ts'
import { authenticateMachine, machineRefusal } from '../machines/machine-auth.ts'
import { isMachineId } from '../machines/machines.ts'
import { TOKEN_PATH } from '../paths.ts'
import { openRefreshToken, REFRESH_TOKEN_PREFIX } from './refresh-token.ts'
import { post } from '../authorize/register.ts'

export async function revoke(request: Request, exchange: Exchange): Promise<Response> {
  const text = await boundedText(request, FORM_MAX_BYTES)
  if (text === undefined) return oauthError(413, 'invalid_request', 'The form is too large')
  const form = new URLSearchParams(text)
  const presented = form.get('token')
  if (!presented) return oauthError(400, 'invalid_request', 'Say which token to revoke')

  const answer = await authenticate(request, form, exchange)
  if (!answer.ok) return answer
  const owned = await grantOf(presented, exchange)
  if (owned && owned.clientId === clientNamedBy(request, form)) await end(owned, exchange)
  return answer
}

async function end({ grantId, userId, machineUntil }: Owned, exchange: Exchange): Promise<void> {
  // A machine's token is all there is, and forbidden no longer than it could count.
  if (machineUntil !== undefined) return exchange.revokeGrant(grantId, machineUntil)
  await asForAny(exchange.settings).getOAuthApi(exchange.asEnv()).revokeGrant(grantId, userId)
}

/** 200 for a client that is who it says it is. */
async function authenticate(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  if (isMachineId(clientNamedBy(request, form))) {
    const machine = await authenticateMachine(request, form, exchange)
    return machine.ok ? new Response(null) : machineRefusal(request, machine.failure)
  }
  const { settings, ctx } = exchange
  // With a grant type the library would take it for a token request.
  form.delete('grant_type')
  // What is sealed says whose it is; for anything else the library must know its hash.
  if (form.get('token')?.startsWith(REFRESH_TOKEN_PREFIX)) form.set('token', 'none')
  const forwarded = post(request, settings.issuer + TOKEN_PATH, form.toString())
  return askLibrary(asForAny(settings), forwarded, exchange.asEnv(), ctx)
}

interface Owned {
  readonly grantId: string
  readonly userId: string
  readonly clientId: string
  /** Of a machine's token: when it expires, in seconds since the epoch. */
  readonly machineUntil?: number
}

async function grantOf(token: string, exchange: Exchange): Promise<Owned | undefined> {
  const { settings, asEnv } = exchange
  const claims = await readAccessToken(settings, token)
  if (claims) {
    const { gid: grantId, sub: userId, client_id: clientId, exp } = claims
    return { grantId, userId, clientId, ...(isMachineId(clientId) ? { machineUntil: exp } : {}) }
  }
  if (!token.startsWith(REFRESH_TOKEN_PREFIX)) return undefined
  const refreshToken = await openRefreshToken(await settings.refreshKeys(), token)
  const [userId = '', grantId = ''] = refreshToken?.text.split(':') ?? []
  const key = grantKeyOf(userId, grantId)
  const kv = asEnv().OAUTH_KV
  await kv.get(key)
  const grant = kv.grant(key)
  return grant && { grantId, userId, clientId: grant.clientId }
}
