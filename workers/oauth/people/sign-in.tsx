/** Where a person signs in: an OIDC provider if one is configured, else the owner link, else nowhere. */
import { clearCookie, readSession, SESSION_COOKIE, sessionCookie } from './cookies.ts'
import { nextCommand } from '#shared/lib/next-command.ts'
import type { Exchange } from '../exchange.ts'
import { errorPage, page, redirect } from '../pages/layout.tsx'
import { ACCOUNT_PATH, IDP_LOGIN_PATH, LOGOUT_PATH, OWNER_LOGIN_PATH } from '../paths.ts'
import { beginSignIn, localPath } from '../authorize/pending.ts'
import type { Person } from '../authorize/known-server.ts'
import type { Settings } from '../settings.ts'

/** Sends the browser to sign in; `returnTo` is the request it makes again afterwards. */
export async function requireSignIn(returnTo: string, exchange: Exchange): Promise<Response> {
  const { settings, shards } = exchange
  if (!settings.oidc && !settings.ownerLink) return signInRefused(settings)
  const pending = { returnTo: localPath(returnTo, settings.issuer) }
  const { tag, cookies } = await beginSignIn(shards, () => pending)
  const path = settings.oidc ? IDP_LOGIN_PATH : OWNER_LOGIN_PATH
  return redirect(`${settings.issuer}${path}?begun=${tag}`, withCookies(cookies))
}

/** `/login`: who is signed in, or the way to. */
export async function signInPage(request: Request, exchange: Exchange): Promise<Response> {
  const person = await readSession(request, exchange.settings)
  if (!person) return requireSignIn('/login', exchange)
  return page(
    'You are signed in',
    <>
      <p>You can close this page and go back to your app.</p>
      <p>
        <a href={ACCOUNT_PATH}>What you connected</a>
      </p>
      <form method="post" action={LOGOUT_PATH} class="buttons">
        <button>Sign out</button>
      </form>
    </>,
  )
}

/** Signs the person in and goes on with what they came for. */
export async function signedIn(
  person: Person,
  returnTo: string,
  { settings }: Exchange,
): Promise<Response> {
  const headers = withCookies([await sessionCookie(settings, person)])
  return redirect(settings.issuer + localPath(returnTo, settings.issuer), headers)
}

export function withCookies(lines: readonly string[]): Headers {
  const headers = new Headers()
  for (const line of lines) headers.append('set-cookie', line)
  return headers
}

export function signOut(): Response {
  const answer = page('You are signed out', <p>Apps you connected stay connected.</p>)
  answer.headers.append('set-cookie', clearCookie(SESSION_COOKIE))
  return answer
}

export function signOutPage(): Response {
  return page(
    'Sign out?',
    <form method="post" action={LOGOUT_PATH} class="buttons">
      <button>Sign out</button>
    </form>,
  )
}

export function signInRefused({ environment }: Settings): Response {
  return errorPage(
    403,
    'Nobody can sign in here yet',
    'The operator of this platform must configure an OpenID provider (OIDC_ISSUER, OIDC_CLIENT_ID, ' +
      `OIDC_CLIENT_SECRET of the oauth Worker), or sign in by \`${nextCommand(environment, 'owner-link')}\`.`,
  )
}
