/**
 * Refusals of an authorization request: a page, or back to the client.
 *
 * The browser is sent to a redirect URI only once a person is signed in, and then only to an app on
 * the person's own computer: RFC 9700 §4.11.2 wants the person authenticated first, and an address
 * that is not trusted left to the person's decision. No other address is trusted: self-registered
 * clients write what they like, and a metadata document shows who owns a domain, not who is honest.
 */
import { AuthorizationError, CimdFetchError } from '@cloudflare/workers-oauth-provider'
import { foreignSentence } from '../pages/foreign.tsx'
import { errorPage, redirect } from '../pages/layout.tsx'
import { refusedRequestPage } from '../pages/refused-request.tsx'
import { isLoopbackRedirect } from './redirect-policy.ts'

/**
 * @param isSignedIn whether a person is known to have sent the request
 * @throws whatever is no expected refusal
 */
export function authorizationFailure(error: unknown, isSignedIn = false): Response {
  if (error instanceof AuthorizationError) return refused(error, isSignedIn)
  if (error instanceof CimdFetchError) {
    const sentence =
      'The app has no description that counts. Its client id is a URL; there a JSON document of at ' +
      'most 5 KiB must be found, with status 200, the content type application/json, no redirect, and ' +
      'this URL as its client_id. Try again, or tell the maker of the app.'
    return errorPage(400, 'This app could not be verified', sentence)
  }
  throw error
}

function refused(
  { description, redirectUri, redirectTo }: AuthorizationError,
  isSignedIn: boolean,
): Response {
  if (redirectUri === undefined || redirectTo === undefined) {
    return errorPage(400, 'This request cannot be answered', foreignSentence(`${description}.`))
  }
  if (!isSignedIn) return refusedRequestPage({ reason: description, redirectUri })
  if (isLoopbackRedirect(redirectUri)) return redirect(redirectTo)
  return refusedRequestPage({ reason: description, redirectUri, link: redirectTo })
}
