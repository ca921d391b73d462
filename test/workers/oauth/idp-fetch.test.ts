/** What an identity provider answers is foreign, too: from a public host, no redirect, bounded. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startIdpSignIn } from '../../../workers/oauth/people/sign-in-oidc.ts'
import { AuthorizationServer, ISSUER } from './_authorization-server.ts'

afterEach(() => vi.restoreAllMocks())

/** What the internet answers. @returns the addresses that were asked for */
function internet(answer: () => Response): string[] {
  const asked: string[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation((input) => {
    asked.push(input instanceof Request ? input.url : String(input))
    return Promise.resolve(answer())
  })
  vi.spyOn(console, 'error').mockReturnValue()
  return asked
}

async function signIn(issuer: string): Promise<Response> {
  const as = await AuthorizationServer.start({ OIDC_ISSUER: issuer, OIDC_CLIENT_ID: 'us' })
  return startIdpSignIn(new Request(`${ISSUER}/login/idp`), as.exchange)
}

const metadataOf =
  (issuer: string, more: object = {}) =>
  () =>
    Response.json({ issuer, authorization_endpoint: `${issuer}/auth`, ...more })

describe('the metadata of the provider', () => {
  it('is taken from a public host', async () => {
    const issuer = 'https://taken.example'
    internet(metadataOf(issuer))
    const answer = await signIn(issuer)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toContain(`${issuer}/auth?`)
  })

  it('is read no further than 256 KiB', async () => {
    const issuer = 'https://large.example'
    const asked = internet(metadataOf(issuer, { padding: 'x'.repeat(300 * 1024) }))
    expect((await signIn(issuer)).status).toBe(502)
    expect(asked).toHaveLength(1)
  })

  it.each(['https://idp.internal', 'https://10.0.0.1', 'https://idp'])(
    'is not asked for at %s',
    async (issuer) => {
      const asked = internet(metadataOf(issuer))
      expect((await signIn(issuer)).status).toBe(502)
      expect(asked).toEqual([])
    },
  )
})
