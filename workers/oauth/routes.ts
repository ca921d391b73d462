/**
 * What answers at which path of the authorization server. A table and no router
 * library: fixed paths need none, and it would be 5 KiB of the 99 this Worker may have.
 */
import {
  API_KEYS_AUDIENCE_PATH,
  BACKUP_AUDIENCE_PATH,
  STANDING_AUDIENCE_PATH,
} from '#shared/identity/operator.ts'
import { CONNECTIONS_PATH } from '#shared/contracts/connection-link.ts'
import { accountPage, endConnections } from './people/account.tsx'
import { manageApiKeys } from './token/api-keys.ts'
import { authorize } from './authorize/authorize.ts'
import { manageBackup } from './backup.ts'
import { boundedText } from './bounded-text.ts'
import { catalogStanding } from './catalog-standing.ts'
import {
  changeConnection,
  connectionPage,
  connectionsPage,
  finishConnection,
} from './people/connections.tsx'
import { answerConsent } from './authorize/consent-answer.tsx'
import type { Exchange } from './exchange.ts'
import { introspect } from './token/introspect.ts'
import { FORM_MAX_BYTES } from './limits.ts'
import { metadata } from './metadata.ts'
import { errorPage } from './pages/layout.tsx'
import { STYLE } from './pages/style.ts'
import * as paths from './paths.ts'
import { register } from './authorize/register.ts'
import { revoke } from './token/revoke.ts'
import { isOwnForm } from './people/same-origin.ts'
import { finishIdpSignIn, startIdpSignIn } from './people/sign-in-oidc.ts'
import { ownerPage, ownerSignIn } from './people/sign-in-owner.tsx'
import { signInPage, signOut, signOutPage } from './people/sign-in.tsx'
import { token } from './token/token.ts'

export type Handler = (request: Request, exchange: Exchange) => Response | Promise<Response>
type FormHandler = (
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
) => Response | Promise<Response>

/** A form of ours: bounded, urlencoded, posted from our own page. */
const form =
  (handler: FormHandler): Handler =>
  async (request, exchange) => {
    if (!isOwnForm(request, exchange.settings.issuer)) {
      return errorPage(403, 'This form came from another site', 'Start again from your app.')
    }
    const text = await boundedText(request, FORM_MAX_BYTES)
    if (text === undefined) return errorPage(413, 'This form is too large', 'Start again.')
    return handler(request, new URLSearchParams(text), exchange)
  }

/** What answers at a path, by method; `any` answers every one itself. HEAD is a GET without its body. */
interface Route {
  readonly any?: Handler
  readonly GET?: Handler
  readonly POST?: Handler
}

/** Exact paths; a trailing slash more or less is the same. */
const ROUTES: Readonly<Record<string, Route>> = {
  [paths.METADATA_PATH]: { any: metadata },
  [paths.OIDC_METADATA_PATH]: { any: metadata },
  [paths.AUTHORIZE_PATH]: { GET: authorize, POST: form(answerConsent) },
  '/authorize': { GET: authorize, POST: form(answerConsent) },
  [paths.TOKEN_PATH]: { any: token },
  '/token': { any: token },
  [paths.REGISTER_PATH]: { any: register },
  '/register': { any: register },
  [paths.REVOKE_PATH]: { any: revoke },
  [paths.INTROSPECT_PATH]: { POST: introspect },
  [paths.JWKS_PATH]: { GET: publicKeys },
  [API_KEYS_AUDIENCE_PATH]: { any: manageApiKeys },
  [STANDING_AUDIENCE_PATH]: { GET: catalogStanding },
  [BACKUP_AUDIENCE_PATH]: { any: manageBackup },
  [paths.LOGIN_PATH]: { GET: signInPage },
  [paths.OWNER_LOGIN_PATH]: { GET: ownerPage, POST: form(ownerSignIn) },
  [paths.IDP_LOGIN_PATH]: { GET: startIdpSignIn },
  [paths.CALLBACK_PATH]: { GET: finishIdpSignIn },
  [paths.LOGOUT_PATH]: { GET: signOutPage, POST: form(signOut) },
  [paths.ACCOUNT_PATH]: { GET: accountPage, POST: form(endConnections) },
  [CONNECTIONS_PATH]: { GET: connectionsPage },
  [paths.CONNECTED_PATH]: { GET: finishConnection },
  [paths.STYLE_PATH]: { GET: stylesheet },
}

/** Whatever lies below these paths. */
const BELOW: readonly (readonly [string, Route])[] = [
  [paths.METADATA_PATH, { any: metadata }],
  [paths.OIDC_METADATA_PATH, { any: metadata }],
  [API_KEYS_AUDIENCE_PATH, { any: manageApiKeys }],
  [CONNECTIONS_PATH, { GET: connectionPage, POST: form(changeConnection) }],
]

/** @returns `undefined` where nothing is served */
export function handlerOf({ method, url }: Request): Handler | undefined {
  const path = new URL(url).pathname.replace(/(.)\/$/, '$1')
  const route =
    (Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined) ??
    BELOW.find(([above]) => path.startsWith(`${above}/`))?.[1]
  if (method === 'POST') return route?.any ?? route?.POST
  return route?.any ?? (method === 'GET' || method === 'HEAD' ? route?.GET : undefined)
}

async function publicKeys(_request: Request, { settings }: Exchange): Promise<Response> {
  const { jwks } = await settings.tokenKeys()
  const headers = { 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=300' }
  return Response.json(jwks, { headers })
}

function stylesheet(): Response {
  const headers = { 'content-type': 'text/css', 'cache-control': 'public, max-age=3600' }
  return new Response(STYLE, { headers })
}
