/**
 * The authorization server's own code over the real objects, in one isolate: so that
 * requests can be interleaved on purpose, and the clock moved.
 */
import { env as objectsEnv, exports } from 'cloudflare:workers'
import { exportJWK, generateKeyPair } from 'jose'
import { definitionsDigest } from '#shared/catalog/digest.ts'
import { ACTOR_HEADER, catalogOf } from '#shared/catalog/contract.ts'
import type { PolicyFile } from '#shared/catalog/entry.ts'
import { answer } from '../../../workers/oauth/answer.ts'
import { asFor } from '../../../workers/oauth/authorize/as-for-resource.ts'
import { answerConsent } from '../../../workers/oauth/authorize/consent-answer.tsx'
import { sessionCookie } from '../../../workers/oauth/people/cookies.ts'
import { exchangeOf, type Exchange } from '../../../workers/oauth/exchange.ts'
import { register } from '../../../workers/oauth/authorize/register.ts'
import { resourceOf } from '../../../workers/oauth/authorize/resource.ts'
import config from '../../../workers/oauth/wrangler.toml?raw'
import { delayed } from './_interleaved.ts'

export const ISSUER = 'https://mcp.example'
export const REDIRECT_URI = 'http://127.0.0.1:3000/callback'
export const VERIFIER = 'v'.repeat(43)
export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}
export interface TokenAnswer extends Partial<Tokens> {
  readonly status: number
  readonly error?: string
  readonly expires_in?: number
}

export interface ConsentForm {
  (fields: Record<string, string>, headers?: Record<string, string>): Promise<Response>
  /** Name of the object that holds the page. */
  readonly keptIn: string
}

type Namespaces = Record<
  'GrantStoreObject' | 'CatalogObject' | 'FeedObject' | 'ReplayObject',
  DurableObjectNamespace
>
export const objects = exports as unknown as Namespaces

const OBJECT = /^name = "(\w+)"\nclass_name = "(\w+)"/gm
const objectBindings = (): Record<string, unknown> =>
  Object.fromEntries(
    [...config.matchAll(OBJECT)].map(([, name, className]) => [
      name,
      delayed((exports as Record<string, unknown>)[String(className)] as DurableObjectNamespace),
    ]),
  )

export class AuthorizationServer {
  readonly env: Cloudflare.Env
  readonly exchange: Exchange

  private constructor(env: Cloudflare.Env) {
    this.env = env
    this.exchange = exchangeOf(env, context)
  }

  /** @param vars those that differ from a plain setup */
  static async start(vars: Partial<Cloudflare.Env> = {}): Promise<AuthorizationServer> {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const secret = crypto.getRandomValues(new Uint8Array(32))
    const text = btoa(String.fromCharCode(...secret))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
    const env = {
      ...COMMITTED_VARS,
      OIDC_CLIENT_SECRET: '',
      PUBLIC_ORIGIN: ISSUER,
      ISSUER,
      SEAL_SECRETS: `k1:${text.replaceAll('=', '')}`,
      DPOP_SECRET: text.replaceAll('=', ''),
      TOKEN_KEYS: JSON.stringify([await exportJWK(privateKey)]),
      CATALOG_KV: objectsEnv.CATALOG_KV,
      ...objectBindings(),
      ...vars,
    } as Cloudflare.Env
    return new AuthorizationServer(env)
  }

  async publish(server: string, policy: PolicyFile = {}): Promise<void> {
    const tools = [
      { wire: { name: 'now', description: 'Now', inputSchema: { type: 'object' } }, scopes: [] },
    ]
    const definitions = { serverInfo: { name: server, version: '1.0.0' }, tools }
    const digest = await definitionsDigest(definitions)
    const description = { definitions, digest, build: 'b1', policy }
    const published = await catalogOf(objects.CatalogObject).publish(server, description)
    if (!published.ok) throw new Error(published.failure.detail)
  }

  /** An operator changes members of the policy; in force here with the next token request. */
  async changePolicy(server: string, patch: Record<string, unknown>): Promise<void> {
    const url = `https://catalog.internal/servers/${server}/policy`
    const headers = { [ACTOR_HEADER]: 'ada' }
    const init = { method: 'PATCH', headers, body: JSON.stringify(patch) }
    const answer = await objects.CatalogObject.getByName('catalog').fetch(url, init)
    if (!answer.ok) throw new Error(await answer.text())
  }

  register(): Promise<Response> {
    const body = JSON.stringify({
      client_name: 'Test',
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
    })
    const headers = { 'content-type': 'application/json' }
    const asked = new Request(`${ISSUER}/oauth/register`, { method: 'POST', headers, body })
    return register(asked, this.exchange)
  }

  async newClient(): Promise<string> {
    const answer = await this.register()
    return ((await answer.json()) as { client_id: string }).client_id
  }

  /** What a consent leaves behind: a grant with a code. */
  async newCode(
    clientId: string,
    server: string,
    userId: string,
    tenant = 'default',
  ): Promise<string> {
    const { settings, asEnv } = this.exchange
    const resource = resourceOf(settings.publicOrigin, server)
    const api = asFor(settings, resource).getOAuthApi(asEnv())
    const { redirectTo } = await api.completeAuthorization({
      request: await authRequestOf(clientId, resource),
      userId,
      metadata: { clientName: 'Test' },
      scope: [],
      props: { subject: userId, tenant },
      revokeExistingGrants: false,
    })
    return String(new URL(redirectTo).searchParams.get('code'))
  }

  /** The `Cookie` of a browser in which a person is signed in. */
  async sessionOf(subject: string): Promise<string> {
    const line = await sessionCookie(this.exchange.settings, { subject, tenant: 'default' })
    return line.split(';', 1)[0] ?? ''
  }

  /** A consent page that a person opened: posts an answer of theirs, from the browser that shows it. */
  async openConsent(
    clientId: string,
    server: string,
    subject: string,
    answeredBy = subject,
  ): Promise<ConsentForm> {
    const { settings, asEnv } = this.exchange
    const resource = resourceOf(settings.publicOrigin, server)
    const asked = { ...(await authRequestOf(clientId, resource)), person: subject }
    const opened = await asFor(settings, resource).getOAuthApi(asEnv()).beginConsent(asked)
    const bound = opened.headers.getSetCookie().map((line) => line.split(';', 1)[0])
    const cookie = [await this.sessionOf(answeredBy), ...bound].join('; ')
    const post = (fields: Record<string, string>, changed = {}) => {
      const form = new URLSearchParams({ handle: opened.handle, ...fields })
      const init = { method: 'POST', headers: { cookie, ...changed } }
      // A request of its own, as in another isolate: it has read nothing yet.
      const { exchange } = this
      return answerConsent(new Request(`${ISSUER}/oauth/authorize`, init), form, exchange)
    }
    // The library names the page's cookie by the hash that the row is stored under.
    const [, hash = ''] = /__Host-oauth-consent-([0-9a-f]{16})=/.exec(cookie) ?? []
    return Object.assign(post, { keptIn: `t:${hash.slice(0, 2)}` })
  }

  redeem(clientId: string, code: string): Promise<TokenAnswer> {
    return this.#ask({ ...redemptionOf(code), client_id: clientId })
  }

  refresh(clientId: string, refreshToken: string | undefined): Promise<TokenAnswer> {
    return this.#ask({
      grant_type: 'refresh_token',
      refresh_token: String(refreshToken),
      client_id: clientId,
    })
  }

  /** A family of its own. */
  async signIn(clientId: string, server: string, userId: string): Promise<Tokens> {
    const answer = await this.redeem(clientId, await this.newCode(clientId, server, userId))
    if (answer.status !== 200) throw new Error(`the code was refused: ${answer.error}`)
    return answer as Tokens
  }

  async revoke(clientId: string, text: string): Promise<number> {
    const form = new URLSearchParams({ token: text, client_id: clientId })
    const request = new Request(`${ISSUER}/oauth/revoke`, { method: 'POST', body: form })
    return (await this.send(request)).status
  }

  /** Any request, as the Worker answers it: what its handlers throw is answered, too. */
  send(request: Request): Promise<Response> {
    return answer(request, this.exchange)
  }

  /** `POST` of a form. */
  post(
    path: string,
    form: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const body = new URLSearchParams(form)
    return this.send(new Request(ISSUER + path, { method: 'POST', body, headers }))
  }

  async #ask(form: Record<string, string>): Promise<TokenAnswer> {
    const answered = await this.post('/oauth/token', form)
    return { status: answered.status, ...(await answered.json<Partial<Tokens>>()) }
  }
}

/** The form that redeems a code, but for who the client is. */
export const redemptionOf = (code: string): Record<string, string> => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: REDIRECT_URI,
  code_verifier: VERIFIER,
})

/** As committed, so that a new variable needs no change here. */
const COMMITTED_VARS = Object.fromEntries(
  [...config.matchAll(/^([A-Z_]+) = "(.*)"$/gm)].map(([, name, value]) => [name, value]),
)

const context = {
  waitUntil: () => undefined,
  passThroughOnException: () => undefined,
  props: {},
} as unknown as ExecutionContext

const authRequestOf = async (clientId: string, resource: string) => ({
  responseType: 'code',
  clientId,
  redirectUri: REDIRECT_URI,
  scope: [],
  state: 's',
  codeChallenge: await challengeOf(VERIFIER),
  codeChallengeMethod: 'S256' as const,
  resource,
})

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const text = btoa(String.fromCharCode(...new Uint8Array(digest)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
