/**
 * `POST /oauth/authorize`: the person's answer to the consent page. Fields: handle, decision,
 * scope (repeated), limit.
 *
 * The same answer, sent again by the same browser within some seconds (a double click, a lost
 * answer), gets the same redirect; any later or other answer gets a page that says what counts.
 */
import { AuthorizationError, authorizationErrorRedirect } from '@cloudflare/workers-oauth-provider'
import { SCOPES_MAX_CHARS } from '#shared/identity/identity-limits.ts'
import { asFor } from './as-for-resource.ts'
import type { GrantProps } from '../token/binding.ts'
import { openConsent, type Choice, type Outcome } from './consent-transaction.ts'
import { appOf, type BoundRequest } from './consent.tsx'
import { readSession } from '../people/cookies.ts'
import type { Exchange } from '../exchange.ts'
import { authorizationFailure } from './failure.ts'
import { grantKeyOf, type GrantRecord } from '../token/grant-record.ts'
import { makeRoom } from '../people/grants-of-person.ts'
import { REPEATED_FORM_SECONDS } from '../limits.ts'
import { nameOf } from '../pages/foreign.tsx'
import { errorPage, redirect } from '../pages/layout.tsx'
import { ACCOUNT_PATH } from '../paths.ts'
import { serverNameOf } from './resource.ts'
import { grantedScopes, offerOf } from './scopes.ts'
import type { Person } from './known-server.ts'
import { mayUse, personOf } from './servers.ts'

export async function answerConsent(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  try {
    return await decide(request, form, exchange)
  } catch (error) {
    return authorizationFailure(error)
  }
}

async function decide(
  request: Request,
  form: URLSearchParams,
  exchange: Exchange,
): Promise<Response> {
  const person = await readSession(request, exchange.settings)
  if (!person) throw refused('You are no longer signed in; start again from your app')
  const choice = choiceIn(form)
  if (!choice) return undecided()
  const handle = form.get('handle') ?? ''
  const page = await openConsent(request, handle, exchange)
  const { person: asked, ...authRequest } = page.request
  if (asked !== person.subject) throw refused('Another person is signed in now; start again')
  if (page.outcome) return repeated(page.outcome, choice, exchange)
  const outcome = await outcomeOf(authRequest, choice, person, exchange)
  if (await page.settle(outcome)) return redirect(outcome.redirectTo)
  const { outcome: first } = await openConsent(request, handle, exchange)
  if (!first) throw refused('This page was already used; start again from your app')
  // Ours, where the object wrote it and its answer to us was lost.
  if (first.redirectTo === outcome.redirectTo) return redirect(outcome.redirectTo)
  // Another request with this page was first: its answer counts, and our code was told to nobody.
  await forget(outcome, exchange)
  return repeated(first, choice, exchange)
}

/** `undefined`: neither button was pressed. */
function choiceIn(form: URLSearchParams): Choice | undefined {
  const decision = form.get('decision')
  if (decision !== 'approve' && decision !== 'deny') return undefined
  // Which boxes are ticked matters to an approval alone.
  if (decision === 'deny') return { decision, scopes: [], limited: false }
  const limited = form.get('limit') === 'read_only'
  return { decision, scopes: [...new Set(form.getAll('scope'))].sort(), limited }
}

async function outcomeOf(
  authRequest: BoundRequest,
  choice: Choice,
  person: Person,
  exchange: Exchange,
): Promise<Outcome> {
  const atSeconds = nowSeconds()
  if (choice.decision === 'deny') {
    const redirectTo = authorizationErrorRedirect(authRequest, 'access_denied')
    return { choice, redirectTo, atSeconds }
  }
  const redirectTo = await complete(authRequest, choice, person, exchange)
  // The library's codes are `user:grant:secret`.
  const [user = '', grant = ''] = new URL(redirectTo).searchParams.get('code')?.split(':') ?? []
  return { choice, redirectTo, atSeconds, grantKey: grantKeyOf(user, grant) }
}

async function complete(
  { codeJkt, ...request }: BoundRequest,
  choice: Choice,
  person: Person,
  exchange: Exchange,
): Promise<string> {
  const { settings, catalog, ctx, asEnv } = exchange
  const resource = String(request.resource)
  const name = serverNameOf(settings.publicOrigin, resource)
  const server = name === undefined ? undefined : await catalog.find(name, ctx)
  // Policy may have changed while the page was open.
  if (!server || !mayUse(person, server.policy)) throw refused('This server is not available')
  const offer = offerOf(request.scope, await catalog.definitions(server, person, ctx))
  const scope = grantedScopes(offer, request.scope, choice.scopes, choice.limited)
  if (scope.join(' ').length > SCOPES_MAX_CHARS) throw refused('Allow fewer of its permissions')
  const api = asFor(settings, resource).getOAuthApi(asEnv())
  const clientName = nameOf(appOf(await api.describeConsent(request)).name)
  const props: GrantProps = { ...personOf(person), ...(codeJkt ? { codeJkt } : {}) }
  await makeRoom(person.subject, exchange)
  const { redirectTo } = await api.completeAuthorization({
    request,
    userId: person.subject,
    metadata: clientName === undefined ? {} : { clientName },
    scope,
    props,
    // Several devices of one client live side by side.
    revokeExistingGrants: false,
  })
  return redirectTo
}

/** A grant of which no code was handed out: no token exists, so the feed need not hear of it. */
async function forget({ grantKey }: Outcome, { shards }: Exchange): Promise<void> {
  if (grantKey !== undefined) await shards.holding(grantKey)?.delete(grantKey)
}

async function repeated(outcome: Outcome, choice: Choice, exchange: Exchange): Promise<Response> {
  const isSame = JSON.stringify(outcome.choice) === JSON.stringify(choice)
  const isRecent = nowSeconds() - outcome.atSeconds <= REPEATED_FORM_SECONDS
  if (isSame && isRecent && (await isUnused(outcome, exchange))) return redirect(outcome.redirectTo)
  if (outcome.choice.decision === 'deny') {
    return errorPage(
      409,
      'You denied this already',
      'Your app was told so. If you want to allow it, start again from your app.',
    )
  }
  return errorPage(
    409,
    'You allowed this already',
    <>
      Go back to your app. If it is not connected, start again from there. You can end its access
      under <a href={ACCOUNT_PATH}>What you connected</a>.
    </>,
  )
}

/**
 * Whether the code can still be redeemed. Handing a used one to the client again would harm it:
 * a code that comes twice ends what it gave (OAuth 2.1 §4.1.3).
 */
async function isUnused({ grantKey }: Outcome, { shards }: Exchange): Promise<boolean> {
  if (grantKey === undefined) return true
  const stored = await shards.holding(grantKey)?.get(grantKey)
  return stored ? (JSON.parse(stored.value) as GrantRecord).authCodeWrappedKey !== undefined : false
}

const undecided = (): Response =>
  errorPage(
    400,
    'Nothing was decided',
    'The form said neither Allow nor Deny. Go back, and press one of the two buttons.',
  )

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

const refused = (description: string): AuthorizationError =>
  new AuthorizationError('invalid_request', { description })
