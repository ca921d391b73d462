/** Who the session cookie says is signed in, and for how long. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { readSession, sessionCookie } from '../../../workers/oauth/people/cookies.ts'
import { SESSION_SECONDS } from '../../../workers/oauth/limits.ts'
import type { Settings } from '../../../workers/oauth/settings.ts'

const ALICE = { subject: 'alice', tenant: 'acme' }
const settingsOf = (secret: string): Settings => {
  const keys = deriveSealKeys(`k1:${secret.repeat(43)}`, 'oauth/session')
  return { sessionKeys: () => keys } as Settings
}
const OURS = settingsOf('A')

const read = (cookie: string, settings = OURS) => {
  const headers = { cookie: `a=b; ${cookie.split(';')[0]}; c=d` }
  return readSession(new Request('https://as.example/login', { headers }), settings)
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('names the person until it ends, whatever the browser keeps of it', async () => {
  const cookie = await sessionCookie(OURS, ALICE)
  vi.advanceTimersByTime(SESSION_SECONDS * 1000 - 1000)
  expect(await read(cookie)).toEqual(ALICE)
  vi.advanceTimersByTime(1000)
  expect(await read(cookie)).toBeUndefined()
})

it('names nobody when it is altered, or sealed by another platform', async () => {
  const cookie = await sessionCookie(OURS, ALICE)
  expect(await read(cookie, settingsOf('B'))).toBeUndefined()
  const altered = cookie.replace(/(?<=k1\.)./, (first) => (first === 'A' ? 'B' : 'A'))
  expect(await read(altered)).toBeUndefined()
  expect(await read('__Host-mcp-edge-session=x')).toBeUndefined()
})
