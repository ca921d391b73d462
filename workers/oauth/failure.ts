/** Refusals of an authorization request: back to the client where that is safe, else a page. */
import { AuthorizationError, CimdFetchError } from '@cloudflare/workers-oauth-provider'
import { errorPage, redirect } from './pages/layout.tsx'

/** @throws whatever is no expected refusal */
export function authorizationFailure(error: unknown): Response {
  if (error instanceof AuthorizationError) {
    if (error.redirectTo) return redirect(error.redirectTo)
    return errorPage(400, 'This request cannot be answered', `${error.description}.`)
  }
  if (error instanceof CimdFetchError) {
    const sentence =
      'The app has no description that counts. Its client id is a URL; there a JSON document of at ' +
      'most 5 KiB must be found, with status 200, the content type application/json, no redirect, and ' +
      'this URL as its client_id. Try again, or tell the maker of the app.'
    return errorPage(400, 'This app could not be verified', sentence)
  }
  throw error
}
