/** Refusals of credentials: what a caller is told, and under which code. */
import { challengeResponse, type Challenge } from '../../identity/challenge.ts'
import { dpopErrorOf } from '../../identity/dpop-failure.ts'
import { usesDpop } from './authenticate.ts'
import type { AuthFailure } from './caller.ts'
import { resourceMetadataUrlOf } from '../resource-uri.ts'
import { plainError } from '../plain-error.ts'
import type { Gateway } from '../ports.ts'

/** @param failure absent: no credentials came */
export function unauthorized(
  request: Request,
  { publicOrigin }: Gateway,
  server: string,
  failure?: AuthFailure,
): Response {
  if (!failure) {
    const description = 'Sign in first: the authorization server is named in the resource metadata'
    const resourceMetadataUrl = resourceMetadataUrlOf(publicOrigin, server)
    return challengeResponse({ status: 401, description, resourceMetadataUrl })
  }
  if (failure.reason === 'unavailable') return unavailable()
  const { error, description } = wireErrorOf(failure)
  if (error === 'invalid_request') return plainError(400, error, description)
  return challengeResponse({
    status: 401,
    error,
    scheme: usesDpop(request) ? 'DPoP' : 'Bearer',
    description,
    resourceMetadataUrl: resourceMetadataUrlOf(publicOrigin, server),
  })
}

interface WireError {
  error: NonNullable<Challenge['error']> | 'invalid_request'
  description: string
}

/** Says what to do, not why a signature failed. */
function wireErrorOf(failure: Exclude<AuthFailure, { reason: 'unavailable' }>): WireError {
  switch (failure.reason) {
    case 'malformed_header': {
      const form = 'Bearer <access token> or DPoP <access token>'
      const description = `Send exactly one Authorization header of the form: ${form}`
      return { error: 'invalid_request', description }
    }
    case 'unsupported_scheme':
      return invalidToken('Use the Bearer or DPoP scheme with an access token of this server')
    case 'expired':
      return invalidToken('The access token has expired; refresh it')
    case 'wrong_audience':
      return invalidToken('The access token is for another resource; request one for this server')
    case 'revoked':
      return invalidToken('The access was revoked; sign in again')
    case 'bound':
      return invalidToken('The access token is bound to a key and does not count as Bearer')
    case 'unbound':
      return invalidToken('The access token is not bound to a key; request it with a DPoP proof')
    case 'other_key':
    case 'wrong_issuer':
    case 'bad_signature':
    case 'malformed':
      return invalidToken('The access token is not valid; sign in again')
    case 'proof': {
      const { code, sentence } = dpopErrorOf({ reason: failure.proof })
      return { error: code, description: sentence }
    }
  }
}

/** Not the caller's fault, and no reason to sign in again. */
function unavailable(): Response {
  const sentence = 'The credential cannot be checked right now; retry in a few seconds'
  const response = plainError(503, 'unavailable', sentence)
  response.headers.set('retry-after', '5')
  return response
}

const invalidToken = (description: string): WireError => ({ error: 'invalid_token', description })
