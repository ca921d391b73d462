/** A certified OpenID provider on loopback (`oidc-provider`), with its own login pages. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
// @ts-expect-error the package ships no types
import { Provider } from 'oidc-provider'
import type { Page, Person } from './_person.ts'

export const IDP_CLIENT = { id: 'mcp-edge', secret: 'a-secret-of-this-test-run' }

export interface Idp {
  readonly issuer: string
  /**
   * Once the platform's origin is known.
   * @param published keys to publish in place of those it signs with
   */
  serve(platformOrigin: string, published?: { keys: object[] }): void
  close(): Promise<void>
}

/**
 * Accounts are made up at login: `name@tenant` is a person of that tenant (claim `org`), of the
 * groups `staff` and `team-<name>`, which UserInfo says and the ID token does not.
 */
const account = (_: unknown, id: string) => ({
  accountId: id,
  claims: () => ({
    sub: id,
    org: id.split('@')[1],
    email: id,
    groups: ['staff', `team-${id.split('@')[0]}`],
    desk: { floor: 4, regions: ['eu', 'us'] },
  }),
})

export async function startIdp(): Promise<Idp> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    serve(platformOrigin, published) {
      const provider = new Provider(issuer, {
        clients: [
          {
            client_id: IDP_CLIENT.id,
            client_secret: IDP_CLIENT.secret,
            redirect_uris: [`${platformOrigin}/oauth/callback`],
          },
        ],
        claims: { openid: ['sub', 'org'], profile: ['desk'], email: ['email'], groups: ['groups'] },
        cookies: { keys: ['a-key-of-this-test-run'] },
        findAccount: account,
      })
      const answer = provider.callback() as RequestListener
      server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        if (!published || request.url !== '/jwks') return answer(request, response)
        response.setHeader('content-type', 'application/jwk-set+json')
        response.end(JSON.stringify(published))
      })
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Fills in the provider's login and consent forms, until it sends the browser on. */
export async function signInAtIdp(person: Person, login: Page, account: string): Promise<Page> {
  const consent = await person.post(formOf(login), [
    ['prompt', 'login'],
    ['login', account],
    ['password', 'any'],
  ])
  return person.post(formOf(consent), [['prompt', 'consent']])
}

function formOf({ url, html }: Page): URL {
  const [, action = ''] = /<form[^>]*action="([^"]*)"/.exec(html) ?? []
  return new URL(action.replaceAll('&amp;', '&'), url)
}
