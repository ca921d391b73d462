/** The whole sign-in of a client: its SDK starts it, a person consents, the SDK finishes it. */
import { expect } from 'vitest'
import { decide, Person, signInAsOwner } from './_person.ts'
import type { Platform } from './_platform.ts'
import { MemoryOAuthStore, type SdkClient } from './_sdk.ts'

/** Opens the authorization URL, signs in by the owner link when asked, and allows. */
export async function allowAsOwner(platform: Platform, authorizationUrl: URL): Promise<URL> {
  const person = new Person(platform.origin)
  const first = await person.open(authorizationUrl)
  const asksWho = new URL(first.url).pathname === '/login/owner'
  const consent = asksWho
    ? await signInAsOwner(person, platform.origin, platform.ownerToken)
    : first
  const { leftFor, html } = await decide(person, consent, 'approve')
  if (!leftFor) throw new Error(`no redirect to the client: ${html}`)
  return leftFor
}

/** @returns the store with tokens in it */
export async function signIn(
  sdk: SdkClient,
  url: URL,
  consent: (authorizationUrl: URL) => Promise<URL>,
): Promise<MemoryOAuthStore> {
  const store = new MemoryOAuthStore()
  await expect(sdk.connect(url, store)).rejects.toSatisfy(sdk.isUnauthorized)
  if (!store.authorizationUrl) throw new Error('the SDK asked for no sign-in')
  const back = await consent(store.authorizationUrl)
  expect(back.searchParams.get('iss')).toBe(url.origin)
  await sdk.finishSignIn(url, store, back.searchParams)
  return store
}
