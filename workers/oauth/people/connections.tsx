/**
 * `/oauth/connections`: a person's accounts at other services. Linked for whoever is
 * signed in here, and for nobody else: the state of a linking lives in that person's
 * object, so an answer that another browser began counts for nothing (RFC 9700 §4.7).
 * No token comes by this Worker.
 */
import { markOf, CONNECTIONS_PATH } from '#shared/contracts/connection-link.ts'
import {
  connectionOf,
  type ConnectionFailure,
  type ConnectionStatus,
} from '#shared/contracts/entrypoints.ts'
import { readSession } from './cookies.ts'
import type { Exchange } from '../exchange.ts'
import { Foreign } from '../pages/foreign.tsx'
import { errorPage, page, redirect } from '../pages/layout.tsx'
import { ACCOUNT_PATH, CONNECTED_PATH } from '../paths.ts'
import type { Person } from '../authorize/known-server.ts'
import { requireSignIn } from './sign-in.tsx'

const SERVICE = /^[a-z][a-z0-9-]{0,39}$/

const objectFor = ({ connections }: Exchange, { tenant, subject }: Person, service: string) => {
  const owner = { tenant, subject, service }
  return { owner, object: connectionOf(connections, owner) }
}

/** All services, linked or not. */
export async function connectionsPage(request: Request, exchange: Exchange): Promise<Response> {
  const person = await readSession(request, exchange.settings)
  if (!person) return requireSignIn(CONNECTIONS_PATH, exchange)
  const services = await objectFor(exchange, person, '').object.services()
  const rows = await Promise.all(
    services.map(async ({ name }) => {
      const { owner, object } = objectFor(exchange, person, name)
      return { name, status: await object.status(owner) }
    }),
  )
  return page(
    'Your accounts at other services',
    <>
      {rows.length === 0 ? (
        <p>The operator of this platform has set up none.</p>
      ) : (
        <>
          <p>
            Tools act with them on your behalf. No app and no tool sees your passwords or tokens.
          </p>
          <dl>{rows.map(({ name, status }) => status && row(name, status))}</dl>
        </>
      )}
      <p>
        <a href={ACCOUNT_PATH}>The apps you connected</a>
      </p>
    </>,
  )
}

function row(name: string, { title, linkedAtSeconds, usedAtSeconds }: ConnectionStatus) {
  return (
    <>
      <dt>
        <Foreign text={title} />
      </dt>
      <dd>
        {linkedAtSeconds === undefined ? 'not linked' : <>linked {day(linkedAtSeconds)}</>}
        {usedAtSeconds === undefined ? null : <>, last used {day(usedAtSeconds)}</>}
        <form method="post" action={`${CONNECTIONS_PATH}/${name}`} class="buttons">
          <button name="do" value={linkedAtSeconds === undefined ? 'link' : 'unlink'}>
            {linkedAtSeconds === undefined ? 'Link' : 'Unlink'}
          </button>
        </form>
      </dd>
    </>
  )
}

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)

/** `GET /oauth/connections/<service>`: where a tool sends people. */
export async function connectionPage(request: Request, exchange: Exchange): Promise<Response> {
  const { pathname, search, searchParams } = new URL(request.url)
  const service = serviceIn(pathname)
  if (service === undefined) return noService()
  const person = await readSession(request, exchange.settings)
  if (!person) return requireSignIn(pathname + search, exchange)
  const mark = searchParams.get('for')
  if (mark !== null && mark !== (await markOf(person.subject))) return otherPerson()
  const { owner, object } = objectFor(exchange, person, service)
  const status = await object.status(owner)
  if (!status) return noService()
  const { title, linkedAtSeconds } = status
  const isLinked = linkedAtSeconds !== undefined
  if (!isLinked && searchParams.has(UNLINKED)) return unlinkedPage(title)
  return page(
    isLinked ? 'Your account is linked' : 'Link your account?',
    <>
      <p>
        {isLinked ? (
          'You can close this page and go back to your app.'
        ) : (
          <>
            You sign in at <Foreign text={title} />, and tools of this platform may then act as you
            there. No app and no tool sees your password or tokens. You can end it here at any time.
          </>
        )}
      </p>
      <form method="post" action={`${CONNECTIONS_PATH}/${service}`} class="buttons">
        {isLinked ? (
          <button name="do" value="unlink">
            Unlink
          </button>
        ) : (
          <button name="do" value="link" class="go">
            Continue to <Foreign text={title} />
          </button>
        )}
      </form>
    </>,
    {
      heading: isLinked ? (
        <>
          Your <Foreign text={title} /> account is linked
        </>
      ) : (
        <>
          Link your <Foreign text={title} /> account?
        </>
      ),
      // The form's answer leads to the service (CSP3 `form-action`).
      formAction: 'https: http://localhost:* http://127.0.0.1:*',
    },
  )
}

/** `POST /oauth/connections/<service>`, field `do`. */
export async function changeConnection(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  const service = serviceIn(new URL(request.url).pathname)
  const person = await readSession(request, exchange.settings)
  if (!person) return requireSignIn(CONNECTIONS_PATH, exchange)
  if (service === undefined) return noService()
  const { owner, object } = objectFor(exchange, person, service)
  if (form.get('do') === 'unlink') {
    await object.unlink(owner)
    return redirect(`${exchange.settings.issuer}${CONNECTIONS_PATH}/${service}?${UNLINKED}`)
  }
  const url = await object.begin(owner, exchange.settings.issuer + CONNECTED_PATH)
  return url === null ? noService() : redirect(url)
}

/** `GET /oauth/connected`: back from the service. */
export async function finishConnection(request: Request, exchange: Exchange): Promise<Response> {
  const url = new URL(request.url)
  const service = url.searchParams.get('state')?.split('.', 1)[0] ?? ''
  const person = await readSession(request, exchange.settings)
  if (!person || !SERVICE.test(service)) return notLinked('unknown')
  const { owner, object } = objectFor(exchange, person, service)
  const finishing = object.finish(owner, url.href)
  // A browser that sends a second answer breaks the first one off: it is finished all the same.
  exchange.ctx.waitUntil(Promise.resolve(finishing).catch(() => undefined))
  const finished = await finishing
  if (!finished.ok) return notLinked(finished.failure.reason)
  return redirect(`${exchange.settings.issuer}${CONNECTIONS_PATH}/${service}`)
}

/** In the query of the page that follows. */
const UNLINKED = 'unlinked'

/** Without a button: the second click of a double click on "Unlink" would land on "Link". */
const unlinkedPage = (title: string): Response =>
  page(
    'Your account is no longer linked',
    <p>
      Tools no longer act as you at <Foreign text={title} />.{' '}
      <a href={CONNECTIONS_PATH}>Your accounts at other services</a>
    </p>,
  )

function serviceIn(pathname: string): string | undefined {
  const service = pathname.slice(CONNECTIONS_PATH.length + 1)
  return SERVICE.test(service) ? service : undefined
}

const noService = (): Response =>
  errorPage(404, 'There is no such service', 'The operator of this platform has not set it up.')

const otherPerson = (): Response =>
  errorPage(
    403,
    'This link is for somebody else',
    'You are signed in here as another person than in your app. Sign out (/logout) and open it again.',
  )

function notLinked(reason: ConnectionFailure['reason']): Response {
  if (reason === 'unavailable') {
    const sentence = 'The service cannot be reached right now. Try again later.'
    return errorPage(502, 'It could not be linked', sentence)
  }
  const sentence =
    reason === 'refused'
      ? 'The service did not confirm it. Start again if you want to link it.'
      : 'It took too long, was finished already, or began in another browser. Start again.'
  return errorPage(400, 'It was not linked', sentence)
}
