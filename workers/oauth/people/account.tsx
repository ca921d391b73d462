/**
 * The page of a signed-in person: what they connected, what it may do, when it was
 * last used, and an end to it. Forms come from this page alone (same-origin.ts), and
 * touch the grants of whoever is signed in, no others.
 */
import { READ_ONLY_SCOPE } from '#shared/identity/scopes.ts'
import { CONNECTIONS_PATH } from '#shared/contracts/connection-link.ts'
import { readSession } from './cookies.ts'
import type { Exchange } from '../exchange.ts'
import type { ClientKind } from '../token/grant-record.ts'
import { endGrant, grantsOf, type PersonGrant } from './grants-of-person.ts'
import { CODE_MAX_CHARS, SENTENCE_MAX_CHARS } from '#shared/lib/display/limits.ts'
import { Doubts, Foreign, Host, Name, Scheme } from '../pages/foreign.tsx'
import { page, redirect } from '../pages/layout.tsx'
import { ACCOUNT_PATH, LOGOUT_PATH } from '../paths.ts'
import { offerOf } from '../authorize/scopes.ts'
import type { Person } from '../authorize/known-server.ts'
import { requireSignIn } from './sign-in.tsx'

interface Connection extends PersonGrant {
  /** Its scopes, as the consent page says them. */
  readonly words: readonly string[]
}

export async function accountPage(request: Request, exchange: Exchange): Promise<Response> {
  const person = await readSession(request, exchange.settings)
  if (!person) return requireSignIn(ACCOUNT_PATH, exchange)
  if (new URL(request.url).searchParams.has(ENDED)) return endedPage()
  const grants = await grantsOf(person.subject, exchange)
  const redeemed = grants.filter(({ usedAtSeconds }) => usedAtSeconds !== undefined)
  const connections = await Promise.all(redeemed.map((grant) => inWords(grant, person, exchange)))
  return page(
    'What you connected',
    <>
      {connections.length === 0 ? (
        <p>No app has access on your behalf.</p>
      ) : (
        <p>These apps have access on your behalf until you end it, or do not use it for a month.</p>
      )}
      {connections.map(connectionCard)}
      {connections.length > 1 ? endAllForm : null}
      <p>
        <a href={CONNECTIONS_PATH}>Your accounts at other services</a>, with which tools act for
        you.
      </p>
      <form method="post" action={LOGOUT_PATH} class="buttons">
        <button>Sign out of this browser</button>
      </form>
    </>,
  )
}

/** `POST /account`. Fields: `end` (an id), or `all`. */
export async function endConnections(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  const { settings } = exchange
  const person = await readSession(request, settings)
  if (!person) return requireSignIn(ACCOUNT_PATH, exchange)
  const grants = await grantsOf(person.subject, exchange)
  const ended = form.has('all') ? grants : grants.filter(({ id }) => id === form.get('end'))
  for (const { id } of ended) await endGrant(person.subject, id, exchange)
  return redirect(`${settings.issuer}${ACCOUNT_PATH}?${ENDED}`)
}

/** In the query of the page that follows. */
const ENDED = 'ended'

/**
 * What follows the end of an app's access. Not the list: its next button would come to lie under
 * the mouse, and the second click of a double click would end that app, too.
 */
const endedPage = (): Response =>
  page(
    'Its access has ended',
    <p>
      Tokens of the app no longer count. <a href={ACCOUNT_PATH}>What you connected</a>
    </p>,
  )

/** A server that is gone has no words any more; its scopes are named as they are. */
async function inWords(
  grant: PersonGrant,
  person: Person,
  { catalog, ctx }: Exchange,
): Promise<Connection> {
  const scopes = grant.scopes.filter((scope) => scope !== READ_ONLY_SCOPE)
  const limit = scopes.length < grant.scopes.length ? ['Only tools that change nothing'] : []
  const server = await catalog.find(grant.server, ctx)
  if (!server || scopes.length === 0) return { ...grant, words: [...scopes, ...limit] }
  const { scopes: offered } = offerOf(scopes, await catalog.definitions(server, person, ctx))
  const words = offered.map(({ words: said, scope }) => `${said} (${scope})`)
  return { ...grant, words: [...words, ...limit] }
}

function connectionCard({ id, clientName, client, server, words, ...times }: Connection) {
  return (
    <section>
      <h2>{headingOf(client)}</h2>
      <dl>
        <dt>Calls itself</dt>
        <dd>
          <Name text={clientName} />
        </dd>
        <dt>App</dt>
        <dd>{kindInWords(client)}</dd>
        <dt>Server</dt>
        <dd>
          <Foreign text={server} max={CODE_MAX_CHARS} />
        </dd>
        <dt>May</dt>
        <dd>{permissions(words)}</dd>
        <dt>Connected</dt>
        <dd>{day(times.createdAtSeconds)}</dd>
        <dt>Last used</dt>
        <dd>{hour(times.usedAtSeconds ?? times.createdAtSeconds)}</dd>
      </dl>
      <Doubts text={clientName} />
      <form method="post" action={ACCOUNT_PATH}>
        <button name="end" value={id}>
          End access of <Name text={clientName} />
        </button>
      </form>
    </section>
  )
}

function permissions(words: readonly string[]) {
  if (words.length === 0) return 'Use tools that need no permission'
  return words.map((said, index) => (
    <>
      {index === 0 ? null : '; '}
      <Foreign text={said} max={SENTENCE_MAX_CHARS + CODE_MAX_CHARS} />
    </>
  ))
}

const endAllForm = (
  <form method="post" action={ACCOUNT_PATH} class="buttons">
    <button name="all" value="yes">
      End all access
    </button>
  </form>
)

function headingOf(client: ClientKind) {
  if (client.kind !== 'published') return 'An unverified app'
  return (
    <>
      An app of <Host host={client.host} />
    </>
  )
}

function kindInWords(client: ClientKind) {
  switch (client.kind) {
    case 'published':
      return (
        <>
          published by <Host host={client.host} />
        </>
      )
    case 'web':
      return (
        <>
          a website, <Host host={client.host} /> (registered itself)
        </>
      )
    case 'computer':
      return 'an app on a computer (registered itself)'
    case 'app':
      return (
        <>
          the app that opens <Scheme scheme={client.scheme} /> links (registered itself)
        </>
      )
  }
}

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)

/** As precise as it is kept; the next refresh of an hour-old token says more. */
const hour = (seconds: number): string => `${day(seconds)}, ${hours(seconds)}`
const hours = (seconds: number): string => {
  const from = new Date(seconds * 1000).getUTCHours()
  return `between ${from}:00 and ${(from + 1) % 24}:00 UTC`
}
