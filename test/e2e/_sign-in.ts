/** The whole sign-in of a client: its SDK starts it, a person consents, the SDK finishes it. */
import { expect } from 'vitest'
import { signInAtIdp, type Idp } from './_idp.ts'
import { decide, Person, signInAsOwner, type Page } from './_person.ts'
import type { Platform } from './_platform.ts'
import { MemoryOAuthStore, type SdkClient } from './_sdk.ts'

/** Signs in by the owner link, opens the authorization URL, and allows. */
export async function allowAsOwner(platform: Platform, authorizationUrl: URL): Promise<URL> {
  const person = new Person(platform.origin)
  await signInAsOwner(person, platform.origin, platform.ownerToken)
  return allow(person, await person.open(authorizationUrl))
}

/** Signs in at the identity provider that the authorization server sends the browser to. */
export async function allowAtIdp(
  platform: Platform,
  idp: Idp,
  account: string,
  authorizationUrl: URL,
): Promise<URL> {
  const person = new Person(platform.origin, idp.issuer)
  const login = await person.open(authorizationUrl)
  expect(new URL(login.url).origin).toBe(idp.issuer)
  return allow(person, await signInAtIdp(person, login, account))
}

async function allow(person: Person, consent: Page): Promise<URL> {
  const { leftFor, html } = await decide(person, consent, 'approve')
  if (!leftFor) throw new Error(`no redirect to the client: ${html}`)
  return leftFor
}

/** @returns the store with tokens in it */
export async function signIn(
  sdk: SdkClient,
  url: URL,
  consent: (authorizationUrl: URL) => Promise<URL>,
  store = new MemoryOAuthStore(),
): Promise<MemoryOAuthStore> {
  await expect(sdk.connect(url, store)).rejects.toSatisfy(sdk.isUnauthorized)
  if (!store.authorizationUrl) throw new Error('the SDK asked for no sign-in')
  const back = await consent(store.authorizationUrl)
  expect(back.searchParams.get('iss')).toBe(url.origin)
  await sdk.finishSignIn(url, store, back.searchParams)
  return store
}
