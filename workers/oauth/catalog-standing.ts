/** `GET /oauth/catalog-standing`: how Catalog, feed and KV stand to each other, for `npm run doctor`. */
import { STANDING_AUDIENCE_PATH, STANDING_SCOPE } from '#shared/identity/operator.ts'
import { NO_STORE, oauthError } from './answers.ts'
import type { Exchange } from './exchange.ts'
import { holdsKeyFile } from './operator.ts'

export async function catalogStanding(request: Request, exchange: Exchange): Promise<Response> {
  if (!(await holdsKeyFile(request, exchange, STANDING_AUDIENCE_PATH, STANDING_SCOPE))) {
    return oauthError(401, 'invalid_token', 'The token is signed by no key of this platform')
  }
  return Response.json(await exchange.catalog.standing(), { headers: NO_STORE })
}
