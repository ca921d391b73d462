/**
 * What a request to the token, revocation or introspection endpoint says of its
 * client (RFC 6749 §2.3, RFC 7523 §2.2). Nothing is checked here: the library does
 * it for people's clients, machine-auth.ts for machines.
 */
import { decodeJwt } from 'jose'
import { fail, ok, type Result } from '#shared/lib/result.ts'

export type ClientCredentials =
  | { readonly method: 'none'; readonly clientId: string }
  | { readonly method: 'secret'; readonly clientId: string; readonly secret: string }
  | { readonly method: 'private_key_jwt'; readonly clientId: string; readonly assertion: string }

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** RFC 6749 §2.3: one method a request, and a client that is named. */
export function credentialsOf(
  request: Request,
  form: URLSearchParams,
): Result<ClientCredentials, { reason: 'unnamed' | 'malformed' | 'several' }> {
  const [scheme = '', basic = ''] = (request.headers.get('authorization') ?? '').split(' ')
  const clientId = form.get('client_id') ?? undefined
  const secret = form.get('client_secret') ?? undefined
  const assertion = form.get('client_assertion') ?? undefined
  const isBasic = scheme.toLowerCase() === 'basic'
  const used = [isBasic, secret !== undefined, assertion !== undefined].filter(Boolean)
  if (used.length > 1) return fail({ reason: 'several' })
  if (isBasic) return basicOf(basic)
  if (assertion !== undefined) return assertionOf(assertion, clientId, form)
  if (clientId === undefined) return fail({ reason: 'unnamed' })
  return ok(
    secret === undefined ? { method: 'none', clientId } : { method: 'secret', clientId, secret },
  )
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
function basicOf(text: string): ReturnType<typeof credentialsOf> {
  try {
    const joined = atob(text)
    const colon = joined.indexOf(':')
    if (colon < 1) return fail({ reason: 'malformed' })
    const decode = (part: string): string => decodeURIComponent(part.replaceAll('+', ' '))
    const clientId = decode(joined.slice(0, colon))
    return ok({ method: 'secret', clientId, secret: decode(joined.slice(colon + 1)) })
  } catch {
    return fail({ reason: 'malformed' })
  }
}

function assertionOf(
  assertion: string,
  named: string | undefined,
  form: URLSearchParams,
): ReturnType<typeof credentialsOf> {
  if (form.get('client_assertion_type') !== ASSERTION_TYPE) return fail({ reason: 'malformed' })
  try {
    const clientId = named ?? decodeJwt(assertion).sub
    if (clientId === undefined) return fail({ reason: 'unnamed' })
    return ok({ method: 'private_key_jwt', clientId, assertion })
  } catch {
    return fail({ reason: 'malformed' })
  }
}

/** The client's name alone. */
export function clientNamedBy(request: Request, form: URLSearchParams): string | undefined {
  const credentials = credentialsOf(request, form)
  return credentials.ok ? credentials.value.clientId : undefined
}
