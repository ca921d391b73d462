/**
 * API keys: judged for the router, and kept by operators (`npm run api-key`), who
 * prove themselves with a token signed by one of our own keys. The plaintext of a
 * key is made by the command and never comes here until it is used.
 */
import * as z from 'zod/mini'
import type { VerifiedToken } from '#shared/identity/access-token.ts'
import { apiKeyId, hashApiKey } from '#shared/identity/api-key.ts'
import { API_KEYS_AUDIENCE_PATH, API_KEYS_SCOPE } from '#shared/identity/operator.ts'
import { SCOPES_MAX_CHARS, SUBJECT_MAX_CHARS } from '#shared/identity/identity-limits.ts'
import { isTenant } from '#shared/identity/identity.ts'
import { isServerName } from '#shared/protocol/names.ts'
import { fail, ok, type Result } from '#shared/lib/result.ts'
import { type ApiKeyFailure, type CredentialFailure } from '#shared/contracts/entrypoints.ts'
import { NO_STORE, oauthError } from '../answers.ts'
import { boundedText } from '../bounded-text.ts'
import type { Exchange } from '../exchange.ts'
import {
  API_KEY_LIFETIME_MAX_SECONDS,
  API_KEY_OVERLAP_MAX_SECONDS,
  API_KEY_OVERLAP_MIN_SECONDS,
  API_KEY_REQUEST_MAX_BYTES,
  API_KEY_VERDICT_SECONDS,
} from '../limits.ts'
import { holdsKeyFile } from '../operator.ts'

/** For the router. `wrong_audience`: a key of other servers. */
export async function verifyApiKey(
  key: string,
  server: string,
  { settings, apiKeys }: Pick<Exchange, 'settings' | 'apiKeys'>,
): Promise<Result<VerifiedToken, CredentialFailure>> {
  const id = apiKeyId(key)
  if (!settings.takesApiKeys || id === undefined) return fail({ reason: 'malformed' })
  const known = await apiKeys.verify(id, await hashApiKey(key))
  if (!known) return fail({ reason: 'malformed' })
  const { tenant, subject, scopes, servers, expiresAtSeconds } = known
  if (servers.length > 0 && !servers.includes(server)) return fail({ reason: 'wrong_audience' })
  return ok({
    principal: { subject, tenant, clientId: `api-key:${id}`, scopes },
    grantId: id,
    expiresAtSeconds: Math.min(expiresAtSeconds, nowSeconds() + API_KEY_VERDICT_SECONDS),
  })
}

const texts = z.array(z.string().check(z.regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/)))
const made = {
  id: z.string().check(z.regex(/^[0-9A-Za-z]{16}$/)),
  hash: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
}
const createSchema = z.strictObject({
  ...made,
  name: z.string().check(z.minLength(1), z.maxLength(100)),
  tenant: z.string().check(z.refine(isTenant)),
  subject: z
    .string()
    .check(z.regex(/^[\x21-\x7e]+$/), z.maxLength(SUBJECT_MAX_CHARS), z.refine(isSubject)),
  scopes: texts.check(z.refine((scopes) => scopes.join(' ').length <= SCOPES_MAX_CHARS)),
  servers: z.array(z.string().check(z.refine(isServerName))),
  lifetimeSeconds: z.int().check(z.positive(), z.maximum(API_KEY_LIFETIME_MAX_SECONDS)),
})
const rotateSchema = z.strictObject({
  ...made,
  overlapSeconds: z
    .int()
    .check(z.minimum(API_KEY_OVERLAP_MIN_SECONDS), z.maximum(API_KEY_OVERLAP_MAX_SECONDS)),
})

/** Names the platform itself acts under. */
function isSubject(subject: string): boolean {
  return subject !== 'anonymous' && subject !== 'platform'
}

/** `/oauth/api-keys[/<id>[/rotate]]` */
export async function manageApiKeys(request: Request, exchange: Exchange): Promise<Response> {
  if (!(await holdsKeyFile(request, exchange, API_KEYS_AUDIENCE_PATH, API_KEYS_SCOPE))) {
    return oauthError(401, 'invalid_token', 'The token is signed by no key of this platform')
  }
  const [id, action, ...rest] = new URL(request.url).pathname.split('/').slice(3)
  const route = `${request.method} ${id ? ':id' : ''}${action ? `/${action}` : ''}`
  if (rest.length > 0) return oauthError(404, 'not_found', 'Nothing is served here')
  switch (route) {
    case 'GET ':
      return answer({
        keys: await exchange.apiKeys.list(),
        accepted: exchange.settings.takesApiKeys,
      })
    case 'POST ':
      return withBody(request, createSchema, async (key) =>
        outcome(await exchange.apiKeys.create(key)),
      )
    case 'POST :id/rotate':
      return withBody(request, rotateSchema, async ({ overlapSeconds, ...successor }) =>
        outcome(await exchange.apiKeys.rotate(id ?? '', successor, overlapSeconds)),
      )
    case 'DELETE :id':
      return revoke(id ?? '', exchange)
    default:
      return oauthError(405, 'invalid_request', 'This is not done here')
  }
}

/** No isolate that asks is told yes any more; the feed makes those forget it that have asked. */
async function revoke(id: string, { apiKeys, revokeGrant }: Exchange): Promise<Response> {
  const revoked = await apiKeys.revoke(id)
  if (revoked.ok) await revokeGrant(id, nowSeconds() + 2 * API_KEY_VERDICT_SECONDS)
  return outcome(revoked)
}

async function withBody<Schema extends z.ZodMiniType>(
  request: Request,
  schema: Schema,
  act: (body: z.output<Schema>) => Promise<Response>,
): Promise<Response> {
  const text = await boundedText(request, API_KEY_REQUEST_MAX_BYTES)
  if (text === undefined) return oauthError(413, 'invalid_request', 'The request is too large')
  const parsed = z.safeParse(schema, parseJson(text))
  if (parsed.success) return act(parsed.data)
  const [issue] = parsed.error.issues
  const at = issue?.path.join('.') ?? ''
  return oauthError(400, 'invalid_request', `${at || 'The body'} is not as it must be`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const STATUS: Readonly<Record<ApiKeyFailure['reason'], number>> = {
  too_many: 409,
  exists: 409,
  revoked: 409,
  unknown: 404,
}
const SENTENCE: Readonly<Record<ApiKeyFailure['reason'], string>> = {
  too_many: 'There are as many keys as there may be; revoke some',
  exists: 'There is such a key already',
  revoked: 'This key has ended',
  unknown: 'There is no such key',
}

const outcome = (result: Result<unknown, ApiKeyFailure>): Response =>
  result.ok
    ? answer(result.value)
    : oauthError(
        STATUS[result.failure.reason],
        result.failure.reason,
        SENTENCE[result.failure.reason],
      )

const answer = (body: unknown): Response => Response.json(body, { headers: NO_STORE })

const nowSeconds = (): number => Math.floor(Date.now() / 1000)
