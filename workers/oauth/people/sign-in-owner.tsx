/**
 * Sign-in by the owner link. Opening it only shows a page: link scanners and
 * previews open links too. The button signs in.
 */
import { toBase64Url } from '#shared/lib/base64url.ts'
import { DEV, nextCommand } from '#shared/lib/next-command.ts'
import { FORM_COOKIE, readCookie, readSession, setCookie } from './cookies.ts'
import type { Exchange } from '../exchange.ts'
import { redeemOwnerLink } from './owner-link.ts'
import { SESSION_SECONDS } from '../limits.ts'
import { page, redirect } from '../pages/layout.tsx'
import { OWNER_LOGIN_PATH } from '../paths.ts'
import { endSignIn, localPath, readSignIn } from '../authorize/pending.ts'
import type { Settings } from '../settings.ts'
import { signedIn, signInRefused } from './sign-in.tsx'
import { OWNER_ISSUER, subjectOf } from '#shared/identity/subject.ts'

export async function ownerPage(request: Request, exchange: Exchange): Promise<Response> {
  const { settings, shards } = exchange
  if (!settings.ownerLink) return signInRefused(settings)
  const { searchParams } = new URL(request.url)
  const [token, tag] = [searchParams.get('token'), searchParams.get('begun')]
  if (!token) {
    // A tab that waits, reloaded after the sign-in in another one.
    const begun = tag === null ? undefined : await readSignIn(request, shards, tag)
    const isSignedIn = begun && (await readSession(request, settings))
    return isSignedIn
      ? redirect(settings.issuer + localPath(begun.returnTo, settings.issuer))
      : withFormCookie(request, askForToken(200, tag, settings))
  }
  const shown = page(
    'Sign in as the owner',
    <form method="post" action={OWNER_LOGIN_PATH} class="buttons">
      <input type="hidden" name="token" value={token} />
      <button class="go">Sign in</button>
    </form>,
  )
  return withFormCookie(request, shown)
}

/** `POST /login/owner`. Fields: token, begun (the tab's tag, pending.ts). */
export async function ownerSignIn(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  const { settings, shards } = exchange
  if (!settings.ownerLink) return signInRefused(settings)
  const token = tokenOf(form.get('token') ?? '')
  const browser = readCookie(request, FORM_COOKIE)
  const tag = form.get('begun')
  if (!(await redeemOwnerLink(settings.ownerLink, token, browser, shards))) {
    return askForToken(403, tag, settings)
  }
  const pending = await endSignIn(request, shards, tag)
  const subject = await subjectOf(OWNER_ISSUER, 'owner')
  return signedIn({ subject, tenant: 'default' }, pending?.returnTo ?? '/login', exchange)
}

/** The form may be sent twice by this browser, and by no other. */
function withFormCookie(request: Request, shown: Response): Response {
  if (readCookie(request, FORM_COOKIE) === undefined) {
    const secret = toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
    shown.headers.append('set-cookie', setCookie(FORM_COOKIE, secret, SESSION_SECONDS))
  }
  return shown
}

/** People paste the whole link as often as what follows `token=`. */
const tokenOf = (text: string): string =>
  URL.parse(text.trim())?.searchParams.get('token') ?? text.trim()

/** @param status 403: what was sent is no valid link */
function askForToken(status: 200 | 403, tag: string | null, { environment }: Settings): Response {
  return page(
    'Sign in as the owner',
    <>
      {status === 403 ? (
        <p class="warning">That link is not valid, was used already, or has expired.</p>
      ) : null}
      <p>
        Open the sign-in link in this browser, or paste it here.{' '}
        {environment === DEV ? (
          <>
            <code>npm run dev</code> prints it.
          </>
        ) : (
          <>
            <code>{nextCommand(environment, 'owner-link')}</code> makes one.
          </>
        )}{' '}
        Where you have signed in in another tab, reload this page.
      </p>
      <form method="post" action={OWNER_LOGIN_PATH}>
        {tag === null ? null : <input type="hidden" name="begun" value={tag} />}
        <label>
          Sign-in link
          <input type="password" name="token" autocomplete="off" required />
        </label>
        <div class="buttons">
          <button class="go">Sign in</button>
        </div>
      </form>
    </>,
    { status },
  )
}
