/**
 * Dynamic client registration (RFC 7591), stateless: the library checks the
 * metadata, and what it would store becomes the `client_id` instead.
 */
import { asForAny } from './as-for-resource.ts'
import { oauthError, withJson } from '../answers.ts'
import { boundedText } from '../bounded-text.ts'
import { sealClient } from './client-id.ts'
import type { Exchange } from '../exchange.ts'
import {
  CLIENT_ID_MAX_CHARS,
  REFUSED_URI_SHOWN_CHARS,
  REGISTRATION_MAX_BYTES,
  REGISTRATION_SECONDS,
  REGISTRATION_WINDOW_SECONDS,
} from '../limits.ts'
import { REGISTER_PATH } from '../paths.ts'
import { redirectUriFault } from './redirect-policy.ts'

/** Clients that name no grant types expect to stay signed in; RFC 7591 §3.2.1 lets us say so. */
const DEFAULT_GRANT_TYPES = ['authorization_code', 'refresh_token']

export async function register(request: Request, exchange: Exchange): Promise<Response> {
  const text = await boundedText(request, REGISTRATION_MAX_BYTES)
  if (text === undefined) {
    const sentence = `A registration may have at most ${REGISTRATION_MAX_BYTES} bytes`
    return oauthError(413, 'invalid_client_metadata', sentence)
  }
  const asked = parse(text)
  const { allowed, fault } = sift(asked?.['redirect_uris'])
  if (allowed?.length === 0 && fault) return oauthError(400, 'invalid_redirect_uri', fault)
  const dpopBound = asked?.['dpop_bound_access_tokens'] ?? false
  if (typeof dpopBound !== 'boolean') {
    const sentence = 'dpop_bound_access_tokens must be true or false'
    return oauthError(400, 'invalid_client_metadata', sentence)
  }
  const { settings, shards, ctx } = exchange
  const asEnv = exchange.asEnv()
  const registered = { grant_types: DEFAULT_GRANT_TYPES, ...asked, redirect_uris: allowed }
  const body = asked ? JSON.stringify(registered) : text
  const forwarded = post(request, settings.issuer + REGISTER_PATH, body)
  const answer = await asForAny(settings).fetch(forwarded, asEnv, ctx)
  const client = asEnv.OAUTH_KV.registered
  if (!answer.ok || !client) return answer

  // One ceiling for all: hosted clients share addresses, and behind one are many people.
  const max = settings.registrationsPerMinute
  const counter = shards.of('registrations')
  if (!(await counter.count('registrations', max, REGISTRATION_WINDOW_SECONDS))) return tooMany()

  const nowSeconds = Math.floor(Date.now() / 1000)
  const sealed = await sealClient(await settings.clientKeys(), { ...client, dpopBound }, nowSeconds)
  if (!sealed.ok) {
    const sentence = `The registration does not fit a client id of ${CLIENT_ID_MAX_CHARS} characters`
    return oauthError(400, 'invalid_client_metadata', sentence)
  }
  const document = (await answer.json()) as Record<string, unknown>
  return withJson(answer, {
    ...document,
    client_id: sealed.value,
    dpop_bound_access_tokens: dpopBound,
    ...(client.clientSecret ? { client_secret_expires_at: nowSeconds + REGISTRATION_SECONDS } : {}),
  })
}

function tooMany(): Response {
  const sentence = 'Too many apps are registering; try again in a minute'
  const answer = oauthError(429, 'temporarily_unavailable', sentence)
  answer.headers.set('retry-after', String(REGISTRATION_WINDOW_SECONDS))
  return answer
}

/** `undefined`: not an object; the library says so in the right words. */
function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/**
 * Redirect URIs that are refused are left out, and the answer lists the registered ones (RFC 7591
 * §3.2.1). One client registers the callbacks of all its apps together: Cursor's are https,
 * loopback and two schemes, and a new scheme must not lock out the apps of today.
 *
 * @returns `allowed` as it came where it is no list: the library says so in the right words;
 *   `fault`: what is wrong with the first one that is refused
 */
function sift(uris: unknown): { allowed: unknown[] | undefined; fault?: string } {
  if (!Array.isArray(uris)) return { allowed: uris as undefined }
  const allowed: unknown[] = []
  let fault: string | undefined
  for (const uri of uris as unknown[]) {
    const found = typeof uri === 'string' ? redirectUriFault(uri) : undefined
    if (found === undefined) allowed.push(uri)
    else fault ??= `${found}: ${String(uri).slice(0, REFUSED_URI_SHOWN_CHARS)}`
  }
  return { allowed, ...(fault === undefined ? {} : { fault }) }
}

/** The request again, at the endpoint's canonical URL and with a body that can still be read. */
export function post(request: Request, url: string, body: string): Request {
  const headers = new Headers(request.headers)
  headers.delete('content-length')
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  return new Request(url, { method: request.method, headers, ...(hasBody ? { body } : {}) })
}
