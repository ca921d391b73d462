/**
 * What the scripts ask Cloudflare's API themselves: what an account holds, and the
 * few changes wrangler has no command for. Signed in as wrangler is.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { QUIET_WRANGLER } from '../environment.ts'
import { ROOT } from '../root.ts'
import { Stop } from '../stop.ts'

const DEFAULT_BASE = 'https://api.cloudflare.com/client/v4'
const TIMEOUT_MS = 30_000
/** Wrangler's own page size. */
const PAGE_SIZE = 100
/** More than any account holds of anything listed here; only bounds a bug. */
const PAGES_MAX = 100

export interface Cloudflare {
  readonly accountId: string
  /** @param path below the account; `undefined` = it does not exist */
  get<Result>(path: string, headers?: Readonly<Record<string, string>>): Promise<Result | undefined>
  /** All pages of a list. */
  list<Item>(path: string): Promise<Item[]>
  /** The body as it came, e.g. a Worker's code. */
  raw(path: string): Promise<string | undefined>
  /** @returns what the API made of it */
  send(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<unknown>
}

const envelopeSchema = z.looseObject({
  result: z.unknown(),
  errors: z.optional(z.array(z.looseObject({ code: z.number(), message: z.string() }))),
})

/**
 * @param pinned the account the platform is on, where that is known: chosen when the
 *   sign-in reaches several. Whether another one may be used is decided by the caller.
 * @throws Stop when nobody is signed in, or it is not clear which account is meant
 */
export async function connectCloudflare(pinned?: string): Promise<Cloudflare> {
  const token = process.env['CLOUDFLARE_API_TOKEN'] ?? wranglerToken()
  const accountId = process.env['CLOUDFLARE_ACCOUNT_ID'] || (await accountOf(token, pinned))
  const below = (path: string): string => `/accounts/${accountId}${path}`
  return {
    accountId,
    get: async (path, headers) =>
      (await call(token, 'GET', below(path), undefined, headers)) as never,
    list: async (path) => pagesOf(token, below(path)),
    raw: async (path) => (await request(token, 'GET', below(path)))?.text(),
    send: (method, path, body, headers) => call(token, method, below(path), body, headers),
  }
}

function wranglerToken(): string {
  const wrangler = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
  const { stdout } = spawnSync(process.execPath, [wrangler, 'auth', 'token', '--json'], {
    encoding: 'utf8',
    env: { ...process.env, ...QUIET_WRANGLER, CI: '1' },
  })
  try {
    const { token } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { token?: string }
    if (token) return token
  } catch {
    // It printed why instead.
  }
  throw new Stop(
    'Cloudflare',
    'Nobody is signed in.',
    'Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN (template "Edit Cloudflare Workers").',
  )
}

async function accountOf(token: string, pinned: string | undefined): Promise<string> {
  const accounts = (await call(token, 'GET', '/accounts')) as { id: string; name: string }[]
  if (pinned !== undefined && accounts.some(({ id }) => id === pinned)) return pinned
  const [account, ...others] = accounts
  if (account && others.length === 0) return account.id
  const names = accounts.map(({ id, name }) => `${id}  ${name}`).join('\n')
  throw new Stop(
    'Cloudflare',
    account ? `Which account?\n${names}` : 'This sign-in reaches no account.',
    'Set CLOUDFLARE_ACCOUNT_ID.',
  )
}

async function pagesOf<Item>(token: string, path: string): Promise<Item[]> {
  const all: Item[] = []
  for (let page = 1; page <= PAGES_MAX; page++) {
    const query = `${path}?per_page=${PAGE_SIZE}&page=${page}`
    const items = ((await call(token, 'GET', query)) ?? []) as Item[]
    all.push(...items)
    if (items.length < PAGE_SIZE) break
  }
  return all
}

async function call(
  token: string,
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
): Promise<unknown> {
  const response = await request(token, method, path, body, headers)
  if (!response) return undefined
  return envelopeSchema.parse(await response.json()).result
}

/** @returns `undefined` for 404 */
async function request(
  token: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response | undefined> {
  const base = process.env['CLOUDFLARE_API_BASE_URL'] ?? DEFAULT_BASE
  let response: Response
  try {
    response = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...headers,
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    const { message, cause } = error as Error
    const why = cause instanceof Error ? cause.message : message
    throw new Stop(
      'Cloudflare',
      `${new URL(base).host} does not answer: ${why}`,
      'Check the network.',
    )
  }
  if (response.status === 404) return undefined
  if (response.ok) return response
  throw await refusal(method, path, response)
}

async function refusal(method: string, path: string, response: Response): Promise<Stop> {
  const parsed = envelopeSchema.safeParse(await response.json().catch(() => ({})))
  const errors = parsed.success ? (parsed.data.errors ?? []) : []
  const what = errors.map(({ code, message }) => `${message} [${code}]`).join('\n')
  return new Stop(
    'Cloudflare',
    `${method} ${path.split('?')[0]}: ${response.status} ${what}`,
    response.status === 401 || response.status === 403
      ? 'The token may not do that: it needs "Edit Cloudflare Workers" on this account.'
      : 'Run the same command again; see https://www.cloudflarestatus.com if it stays.',
  )
}
