/** One request to the authorization server, whatever happens: its handler's answer, or why there is none. */
import { logUnexpected } from '#shared/lib/log.ts'
import { isPassing, PASSING_RETRY_SECONDS } from '#shared/contracts/object-failure.ts'
import { oauthError } from './answers.ts'
import type { Exchange } from './exchange.ts'
import { errorPage } from './pages/layout.tsx'
import { TooManySignIns } from './authorize/pending.ts'
import { handlerOf } from './routes.ts'
import { CatalogUnavailable } from './authorize/servers.ts'

/** Never throws. A 500 is a fault of ours; what passes by itself is a 503. */
export async function answer(request: Request, exchange: Exchange): Promise<Response> {
  try {
    const handler = handlerOf(request)
    if (!handler) return oauthError(404, 'not_found', 'Nothing is served here')
    return await handler(request, exchange)
  } catch (error) {
    return failed(error)
  }
}

function failed(error: unknown): Response {
  if (error instanceof CatalogUnavailable) {
    return unavailable('The catalog cannot be read right now; retry in a few seconds')
  }
  if (error instanceof TooManySignIns) {
    const sentence = 'Too many people are signing in. Try again in some minutes.'
    return errorPage(503, 'You cannot sign in right now', sentence)
  }
  if (isPassing(error)) {
    const ref = logUnexpected('object_unavailable', error)
    return unavailable(
      `What this needs cannot be reached right now; retry in a second (ref ${ref})`,
    )
  }
  const ref = logUnexpected('oauth_failed', error)
  return oauthError(500, 'server_error', `Internal error (ref ${ref})`)
}

function unavailable(sentence: string): Response {
  const refused = oauthError(503, 'temporarily_unavailable', sentence)
  refused.headers.set('retry-after', String(PASSING_RETRY_SECONDS))
  return refused
}
