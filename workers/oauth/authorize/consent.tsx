/**
 * The consent page: who asks, where the answer goes, for which server and what for, each scope
 * narrowable (RFC 9700 §4.14; MCP authorization, "confused deputy").
 *
 * What an app calls itself never stands in the heading: an app that registered itself may take any
 * name, and one that a host publishes is known by that host.
 */
import type { AuthRequest, ConsentDescription } from '@cloudflare/workers-oauth-provider'
import { CODE_MAX_CHARS, SENTENCE_MAX_CHARS } from '#shared/lib/display/limits.ts'
import { asFor } from './as-for-resource.ts'
import type { Exchange } from '../exchange.ts'
import { USES_SHOWN_MAX } from '../limits.ts'
import { Doubts, Foreign, Host, Name, Scheme } from '../pages/foreign.tsx'
import { page } from '../pages/layout.tsx'
import { AUTHORIZE_PATH } from '../paths.ts'
import { formActionSource } from './redirect-policy.ts'
import { offerOf, type Offer } from './scopes.ts'
import type { KnownServer, Person } from './known-server.ts'

/** With the key the code is to be bound to (`dpop_jkt`, RFC 9449 §10), which the library drops. */
export type BoundRequest = AuthRequest & { codeJkt?: string }

/** What is sealed into the page's handle beside the request: nobody else may answer it. */
export type SealedRequest = BoundRequest & { person?: string }

/** What the page says of the app. */
interface App {
  /** In its own words; `undefined` where it gave no name. */
  readonly name: string | undefined
  /** Host of its client id metadata document; `undefined` where it registered itself. */
  readonly publisher: string | undefined
  readonly redirectUri: string
  readonly redirectIsLoopback: boolean
}

export async function consentPage(
  authRequest: BoundRequest,
  server: KnownServer,
  person: Person,
  { settings, catalog, ctx, asEnv }: Exchange,
): Promise<Response> {
  const api = asFor(settings, String(authRequest.resource)).getOAuthApi(asEnv())
  const app = appOf(await api.describeConsent(authRequest))
  const definitions = await catalog.definitions(server, person, ctx)
  const offer = offerOf(authRequest.scope, definitions)
  const sealed: SealedRequest = { ...authRequest, person: person.subject }
  const { handle, headers } = await api.beginConsent(sealed)
  const title = definitions.entry.definitions.serverInfo.title ?? server.name
  const body = (
    <>
      {whoAsks(app)}
      {whatFor(app, title, String(authRequest.resource))}
      {decisionForm(offer, handle)}
    </>
  )
  return page('Allow this app?', body, {
    headers,
    heading: headingOf(app, server.name),
    formAction: formActionSource(authRequest.redirectUri),
  })
}

/** The library puts the client id, up to 2,048 characters, where there is no name. */
export function appOf(details: ConsentDescription): App {
  const { clientName, clientId, clientDomain, redirectUri, redirectIsLoopback } = details
  const name = clientName === clientId ? undefined : clientName
  return { name, publisher: clientDomain, redirectUri, redirectIsLoopback }
}

function headingOf({ publisher }: App, server: string) {
  return publisher === undefined ? (
    <>
      Allow an unverified app to use <Foreign text={server} />?
    </>
  ) : (
    <>
      Allow an app of <Host host={publisher} /> to use <Foreign text={server} />?
    </>
  )
}

function whoAsks({ name, publisher, redirectIsLoopback }: App) {
  return (
    <>
      {publisher === undefined ? (
        <div class="warning">
          <p>
            <strong>This app is not verified.</strong> An app may call itself anything. This one
            calls itself
          </p>
          <p>
            <Name text={name} />
          </p>
          <p>
            {redirectIsLoopback
              ? 'It runs on this computer. Allow it only if you just started to connect it yourself.'
              : 'Allow it only if you just started to connect it yourself and know where access goes.'}
          </p>
        </div>
      ) : null}
      <Doubts text={name} />
    </>
  )
}

function whatFor(app: App, serverTitle: string, resource: string) {
  return (
    <>
      <dl>
        {app.publisher === undefined ? null : (
          <>
            <dt>Published by</dt>
            <dd>
              <Host host={app.publisher} />
            </dd>
            <dt>Calls itself</dt>
            <dd>
              <Name text={app.name} />
            </dd>
          </>
        )}
        <dt>Access goes to</dt>
        <dd>{destination(app)}</dd>
        <dt>Server</dt>
        <dd>
          <Foreign text={serverTitle} />
          <br />
          <code>
            <Foreign text={resource} max={CODE_MAX_CHARS} />
          </code>
        </dd>
      </dl>
      {app.publisher !== undefined && app.redirectIsLoopback ? (
        <p class="warning">
          This sends access to an app on your own computer. Continue only if you just started
          connecting from it.
        </p>
      ) : null}
    </>
  )
}

function destination({ redirectUri, redirectIsLoopback }: App) {
  const { protocol, hostname } = new URL(redirectUri)
  if (redirectIsLoopback) {
    return (
      <>
        <strong>an app on this computer</strong> (<Host host={hostname} />)
      </>
    )
  }
  const isWeb = protocol === 'https:' || protocol === 'http:'
  return isWeb ? (
    <Host host={hostname} />
  ) : (
    <>
      the app that opens <Scheme scheme={protocol} /> links
    </>
  )
}

function decisionForm(offer: Offer, handle: string) {
  return (
    <form method="post" action={AUTHORIZE_PATH}>
      <input type="hidden" name="handle" value={handle} />
      {scopeFields(offer)}
      {limitField(offer)}
      <div class="buttons">
        <button name="decision" value="deny">
          Deny
        </button>
        <button name="decision" value="approve" class="go">
          Allow
        </button>
      </div>
    </form>
  )
}

function scopeFields({ scopes }: Offer) {
  if (scopes.length === 0) {
    return <p>It can use the server's tools on your behalf. You can end this at any time.</p>
  }
  return (
    <fieldset>
      <legend>It may, on your behalf</legend>
      {scopes.map(({ scope, ticked, words, uses }) => (
        <label>
          <input type="checkbox" name="scope" value={scope} checked={ticked} />{' '}
          <Foreign text={words} max={SENTENCE_MAX_CHARS} />
          <small>
            <code>
              <Foreign text={scope} max={CODE_MAX_CHARS} />
            </code>
            {usesInWords(uses)}
          </small>
        </label>
      ))}
    </fieldset>
  )
}

function usesInWords(uses: readonly string[]) {
  if (uses.length === 0) return null
  return (
    <>
      {' for '}
      {uses.slice(0, USES_SHOWN_MAX).map((use, index) => (
        <>
          {index === 0 ? null : ', '}
          <Foreign text={use} />
        </>
      ))}
      {uses.length > USES_SHOWN_MAX ? ' and more' : null}
    </>
  )
}

/** Reading alone is the person's to choose, unless the app asked for no more. */
function limitField({ limit }: Offer) {
  if (limit === 'none') return null
  if (limit === 'fixed') return <p>It can only use tools that change nothing.</p>
  return (
    <label>
      <input type="checkbox" name="limit" value="read_only" /> Only let it use tools that change
      nothing
    </label>
  )
}
