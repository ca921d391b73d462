/**
 * A consent page that was shown, and how it was answered. The answer is written into the page's own
 * row by compare-and-set, so one answer counts, in whichever isolates two of them arrive: a double
 * click is answered twice with one code.
 *
 * The redirect is sealed under the handle, which storage does not hold (holder-seal.ts).
 */
import { asForAny } from './as-for-resource.ts'
import type { SealedRequest } from './consent.tsx'
import type { Exchange } from '../exchange.ts'
import { openFor, sealFor } from '../token/holder-seal.ts'

const PURPOSE = 'consent-outcome'

/** What a person chose on the page. */
export interface Choice {
  readonly decision: 'approve' | 'deny'
  /** Names of the ticked scopes, sorted. */
  readonly scopes: readonly string[]
  readonly limited: boolean
}

/** How a page was answered. */
export interface Outcome {
  readonly choice: Choice
  /** Back to the client, with a code or an error. */
  readonly redirectTo: string
  /** The grant that the code is of; absent where the person denied. */
  readonly grantKey?: string
  readonly atSeconds: number
}

export interface ConsentTransaction {
  readonly request: SealedRequest
  /** Absent: the page is not answered yet. */
  readonly outcome: Outcome | undefined
  /** @returns `false` where another request answered the page first; nothing was written */
  settle(outcome: Outcome): Promise<boolean>
}

/**
 * The page behind a handle, for the browser that was shown it.
 * @param request its cookies bind the handle to this browser
 * @throws AuthorizationError where the handle is of another browser, or older than ten minutes
 */
export async function openConsent(
  request: Request,
  handle: string,
  { settings, asEnv }: Exchange,
): Promise<ConsentTransaction> {
  const env = asEnv({}, { holdsConsent: true })
  // The library checks cookie and handle, and "consumes" the row: GrantKv holds that back.
  const opened = await asForAny(settings).getOAuthApi(env).approveConsent(request, handle)
  const { consent } = env.OAUTH_KV
  if (!consent) throw new TypeError('The library opened a page without its row')
  const sealed = consent.outcome
  return {
    request: opened.request as SealedRequest,
    outcome:
      sealed === undefined
        ? undefined
        : (JSON.parse(await openFor(handle, PURPOSE, sealed)) as Outcome),
    settle: async (outcome) =>
      env.OAUTH_KV.settleConsent(await sealFor(handle, PURPOSE, JSON.stringify(outcome))),
  }
}
