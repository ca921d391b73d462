/**
 * The page in place of an error redirect (RFC 9700 §4.11.2). Anybody can register a redirect URI
 * and make a link to it; a redirect would lend that address the name of this host.
 */
import { foreignSentence, Host, Scheme } from './foreign.tsx'
import { page } from './layout.tsx'

export interface RefusedRequest {
  /** A sentence without its full stop. */
  readonly reason: string
  /** Where the app wanted the error to go; it passed redirect-policy.ts. */
  readonly redirectUri: string
  /** With the error in it: offered as a link to a person who is signed in, never followed by itself. */
  readonly link?: string
}

/** Names where the app would have sent the browser, and says what to do. */
export function refusedRequestPage({ reason, redirectUri, link }: RefusedRequest): Response {
  return page(
    'This request cannot be answered',
    <>
      <p>{foreignSentence(`${reason}.`)}</p>
      <p class="warning">
        The app that sent you here wants you to go on to {destinationOf(redirectUri)}. This platform
        does not know that address and did not send you there.
      </p>
      <p>
        Go back to your app and start again. If you did not start this yourself, close this page.
      </p>
      {link === undefined ? null : (
        <p>
          If you know it, you can <a href={link}>go on to {destinationOf(redirectUri)}</a>; your app
          then learns what went wrong.
        </p>
      )}
    </>,
    { status: 400 },
  )
}

/** The host of a website, this computer, or the scheme of an app. */
function destinationOf(redirectUri: string) {
  const { protocol, host } = new URL(redirectUri)
  const isWeb = protocol === 'https:' || protocol === 'http:'
  return isWeb ? (
    <Host host={host} />
  ) : (
    <>
      the app that opens <Scheme scheme={protocol} /> links
    </>
  )
}
