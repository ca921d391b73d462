/**
 * Sign-in by the owner link. Opening it only shows a page: link scanners and
 * previews open links too. The button signs in.
 */
import type { Exchange } from './exchange.ts'
import { redeemOwnerLink } from './owner-link.ts'
import { page } from './pages/layout.tsx'
import { OWNER_LOGIN_PATH } from './paths.ts'
import { takeSignIn } from './pending.ts'
import { signedIn, signInRefused } from './sign-in.tsx'
import { OWNER_ISSUER, subjectOf } from '#shared/auth/subject.ts'

export function ownerPage(request: Request, { settings }: Exchange): Response {
  if (!settings.ownerLink) return signInRefused()
  const token = new URL(request.url).searchParams.get('token')
  if (!token) return askForToken(200)
  return page(
    'Sign in as the owner',
    <form method="post" action={OWNER_LOGIN_PATH} class="buttons">
      <input type="hidden" name="token" value={token} />
      <button class="go">Sign in</button>
    </form>,
  )
}

export async function ownerSignIn(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  const { settings, shards } = exchange
  if (!settings.ownerLink) return signInRefused()
  const token = tokenOf(form.get('token') ?? '')
  if (!(await redeemOwnerLink(settings.ownerLink, token, shards))) {
    return askForToken(403)
  }
  const pending = await takeSignIn(request, shards)
  const subject = await subjectOf(OWNER_ISSUER, 'owner')
  return signedIn({ subject, tenant: 'default' }, pending?.returnTo ?? '/login', exchange)
}

/** People paste the whole link as often as what follows `token=`. */
const tokenOf = (text: string): string =>
  URL.parse(text.trim())?.searchParams.get('token') ?? text.trim()

/** @param status 403: what was sent is no valid link */
function askForToken(status: 200 | 403): Response {
  return page(
    'Sign in as the owner',
    <>
      {status === 403 ? (
        <p class="warning">That link is not valid, was used already, or has expired.</p>
      ) : null}
      <p>
        Open the sign-in link in this browser, or paste it here. <code>npm run dev</code> prints it;
        for a deployed platform <code>npm run owner-link</code> makes one.
      </p>
      <form method="post" action={OWNER_LOGIN_PATH}>
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
