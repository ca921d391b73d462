/** The owner link at its edges, scopes on the consent page, and sign-in that nobody configured. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mintOwnerLink } from '../../scripts/owner-link.ts'
import { approve, begin, consentPageOf, redeem } from './_oauth-client.ts'
import { decide, inputs, Person, signInAsOwner, wordsIn } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'

describe('a link that may be used once', () => {
  let platform: Platform
  const link = mintOwnerLink('http://localhost', 600)
  beforeAll(async () => {
    const vars = { oauth: { OWNER_LINK: `${link.variable}:once` } }
    platform = await startPlatform({ vars, authorServers: ['test/servers/mailbox'] })
    await fetch(platform.mcpUrl('mailbox'), { method: 'POST' })
  })
  afterAll(() => platform.close())

  const scopesOf = async (person: Person, scope: Record<string, string>) => {
    const resource = platform.mcpUrl('mailbox').href
    const flow = await begin(platform.origin, { resource, ...scope })
    return { flow, consent: await consentPageOf(person, flow, link.token) }
  }

  test('8 uses at once sign one browser in; scopes are offered, ticked and narrowed', async () => {
    const people = Array.from({ length: 8 }, () => new Person(platform.origin))
    const pages = await Promise.all(
      people.map((person) => signInAsOwner(person, platform.origin, link.token)),
    )
    const winners = people.filter((_, index) => pages[index]?.status === 200)
    expect(winners).toHaveLength(1)
    const person = winners[0] as Person

    // None asked for: all are offered, what reading needs is ticked.
    const none = await scopesOf(person, {})
    expect(inputs(none.consent.html, 'scope', true)).toEqual(['mail:read', 'mail:send'])
    expect(inputs(none.consent.html, 'scope')).toEqual(['mail:read'])
    expect(wordsIn(none.consent.html)).toContain('mail:send for Send mail')

    // Asked for: only that, and what the server does not know is left out.
    const asked = await scopesOf(person, { scope: 'mail:send openid offline_access' })
    expect(inputs(asked.consent.html, 'scope', true)).toEqual(['mail:send'])

    // A form that ticks more than was offered gains nothing.
    const greedy = await decide(person, asked.consent, 'approve', ['mail:send', 'mail:read', 'x'])
    const tokens = await redeem(asked.flow, greedy.leftFor as URL)
    expect(tokens.scope).toBe('mail:send')
    // The server's policy is strict: its tokens live 5 minutes (DESIGN §5).
    expect(tokens.expires_in).toBe(300)
    const narrowed = await decide(person, none.consent, 'approve', [])
    expect((await redeem(none.flow, narrowed.leftFor as URL)).scope).toBe('')
  })
})

test('an expired link signs nobody in', async () => {
  const link = mintOwnerLink('http://localhost', -1)
  await using platform = await startPlatform({ vars: { oauth: { OWNER_LINK: link.variable } } })
  const page = await signInAsOwner(new Person(platform.origin), platform.origin, link.token)
  expect(page.status).toBe(403)
})

test('with no way to sign in configured, the refusal says how to set one', async () => {
  await using platform = await startPlatform({ vars: { oauth: { OWNER_LINK: '' } } })
  await fetch(platform.mcpUrl('clock'), { method: 'POST' })
  const resource = platform.mcpUrl('clock').href
  const flow = await begin(platform.origin, { resource })
  const person = new Person(platform.origin)
  const page = await person.open(flow.authorizeUrl)
  expect(page.status).toBe(403)
  expect(page.html).toContain('OIDC_ISSUER')
  await expect(approve(person, flow, 'anything')).rejects.toThrow('No redirect')
})
