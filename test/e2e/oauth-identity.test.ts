/** What the identity provider says of a person reaches the tool, and no more than was asked for (DESIGN §2). */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { begin, redeem, refresh } from './_oauth-client.ts'
import { IDP_CLIENT, signInAtIdp, startIdp, type Idp } from './_idp.ts'
import { decide, Person } from './_person.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { modern, send } from './_wire.ts'

let idp: Idp
let platform: Platform
beforeAll(async () => {
  idp = await startIdp()
  platform = await startPlatform({
    authorServers: ['test/servers/identity'],
    vars: {
      oauth: {
        OIDC_ISSUER: idp.issuer,
        OIDC_CLIENT_ID: IDP_CLIENT.id,
        OIDC_SCOPES: 'openid profile email groups',
        OIDC_GROUPS_CLAIM: 'groups',
        OIDC_GROUPS: 'staff,team-a*',
        OIDC_CLAIMS: 'email,floor=desk.floor,regions=desk.regions,desk,nickname',
      },
    },
    secrets: { oauth: { OIDC_CLIENT_SECRET: IDP_CLIENT.secret } },
  })
  idp.serve(platform.origin)
  await fetch(platform.mcpUrl('identity'), { method: 'POST' })
})
afterAll(async () => {
  await platform.close()
  await idp.close()
})

const beginHere = () => begin(platform.origin, { resource: platform.mcpUrl('identity').href })

async function signInAs(account: string) {
  const person = new Person(platform.origin, idp.issuer)
  const flow = await beginHere()
  const page = await signInAtIdp(person, await person.open(flow.authorizeUrl), account)
  return { flow, page, person }
}

async function principalOf(accessToken: string): Promise<Record<string, unknown>> {
  const call = modern('tools/call', { name: 'whoami', arguments: {} }, { token: accessToken })
  const { message, text } = await send(platform.origin, { path: '/identity/mcp', ...call })
  const said = message.result?.content?.[0]?.text
  if (said === undefined) throw new Error(text)
  return JSON.parse(said) as Record<string, unknown>
}

/** `desk` is an object and `nickname` nobody has: neither is passed on. */
const ALICE = {
  groups: ['staff', 'team-alice'],
  claims: { email: 'alice@default', floor: 4, regions: ['eu', 'us'] },
}

test('groups and mapped claims reach the handler, from UserInfo too, and survive a refresh', async () => {
  const { flow, page, person } = await signInAs('alice@default')
  const done = await decide(person, page, 'approve')
  const tokens = await redeem(flow, done.leftFor as URL)
  expect(decodeJwt(tokens.access_token)).toMatchObject(ALICE)
  expect(await principalOf(tokens.access_token)).toMatchObject(ALICE)
  const again = await refresh(flow, String(tokens.refresh_token))
  const principal = await principalOf(again.access_token)
  expect(principal).toMatchObject(ALICE)
  expect(principal['clientId']).toMatch(/^sealed-/)
  expect(JSON.stringify(principal)).not.toContain(again.access_token)
})

test('groups that no pattern names do not count', async () => {
  const { flow, page, person } = await signInAs('bob@default')
  const done = await decide(person, page, 'approve')
  const tokens = await redeem(flow, done.leftFor as URL)
  expect((await principalOf(tokens.access_token))['groups']).toEqual(['staff'])
})

test('claims that do not fit: no session, and the operator is named the remedy', async () => {
  const { page, person } = await signInAs(`a${'x'.repeat(1100)}@default`)
  expect(page.status).toBe(403)
  expect(page.html).toContain('OIDC_GROUPS')
  expect(person.cookieHeader()).not.toContain('mcp-edge-session')
})
