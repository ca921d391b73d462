/** The admin API as the commands use it: one platform, one token, refusals in words. */
import { operatorEntry } from '#shared/identity/operators.ts'
import { nextCommand, type Place } from '#shared/lib/next-command.ts'
import { Stop } from '../stop.ts'
import { refresh, signIn } from './sign-in.ts'
import { keepTokens, readTokens } from './token-file.ts'

/** A large import on a slow line; everything else answers in a second. */
const TIMEOUT_MS = 60_000
/** A token that ends within this is not begun with. */
const SPARE_SECONDS = 30

export interface CatalogClient {
  readonly origin: string
  /** @throws Stop with what the catalog said */
  ask(method: string, path: string, body?: unknown): Promise<unknown>
}

/**
 * @param place that `origin` is the platform of
 * @param token given by `--token` or MCP_EDGE_TOKEN; absent: signs in, or uses what is kept
 */
export function createCatalogClient(
  origin: string,
  place: Place,
  token: string | undefined,
): CatalogClient {
  let current: Promise<string> | undefined
  return {
    origin,
    async ask(method, path, body) {
      current ??= token === undefined ? tokenFor(origin) : Promise.resolve(token)
      const answer = await send(origin, method, path, body, await current)
      if (answer.status === 401) keepTokens(origin, undefined)
      return readAnswer(`${origin}/catalog${path}`, place, answer)
    },
  }
}

async function tokenFor(origin: string): Promise<string> {
  try {
    const kept = readTokens(origin)
    if (kept && kept.expiresAtSeconds - SPARE_SECONDS > Date.now() / 1000) return kept.accessToken
    const renewed =
      (kept && (await refresh(origin, kept))) ??
      (await signIn(origin, (url) =>
        console.error(`Open this in your browser to sign in:\n\n  ${url.href}\n`),
      ))
    keepTokens(origin, renewed)
    return renewed.accessToken
  } catch (error) {
    if (error instanceof Stop) throw error
    throw new Stop(
      origin,
      `Signing in failed: ${messageOf(error)}`,
      'Is it running? Say where: --url',
    )
  }
}

async function send(
  origin: string,
  method: string,
  path: string,
  body: unknown,
  token: string,
): Promise<Response> {
  try {
    return await fetch(`${origin}/catalog${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    const what = `It cannot be reached: ${messageOf(error)}`
    throw new Stop(origin, what, 'Is it running? Say where: --url')
  }
}

async function readAnswer(url: string, place: Place, answer: Response): Promise<unknown> {
  const text = await answer.text()
  if (answer.ok) return JSON.parse(text)
  throw new Stop(
    url,
    saidBy(text) ?? `It answered ${answer.status}.`,
    codeOf(text) === 'lost'
      ? `See what to do: ${nextCommand(place, 'catalog', 'status')}`
      : remedyFor(answer.status, place),
  )
}

const saidBy = (text: string): string | undefined => textIn(text, 'error_description')
const codeOf = (text: string): string | undefined => textIn(text, 'error')

/** A member of a refusal (RFC 6749 §5.2); `undefined`: the answer is none of the catalog's. */
function textIn(text: string, member: string): string | undefined {
  try {
    const said = (JSON.parse(text) as Record<string, unknown>)[member]
    return typeof said === 'string' ? said : undefined
  } catch {
    return undefined
  }
}

function remedyFor(status: number, place: Place): string {
  if (status === 401) return 'Run it again to sign in.'
  if (status === 403) {
    const whoami = nextCommand(place, 'catalog', 'whoami')
    return `Ask for the words that this prints to be added to OPERATORS: ${whoami}`
  }
  return 'See `npm run catalog -- --help`.'
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** What OPERATORS calls the person a kept token is of; the platform checks it, this only reads. */
export function operatorOf(token: string): string {
  const [, payload = ''] = token.split('.')
  const { sub = 'unknown', tenant = 'default' } = JSON.parse(
    Buffer.from(payload, 'base64url').toString(),
  ) as { sub?: string; tenant?: string }
  return operatorEntry({ subject: sub, tenant })
}

/** The token the next command would use. */
export const currentToken = tokenFor
