/**
 * Cookies of the sign-in, both `__Host-`: this origin alone, https (or localhost), whole site.
 *
 *  - session: who is signed in, sealed;
 *  - sign-in: which pending sign-ins this browser began (pending.ts);
 *  - form: which browser was shown the form of the owner link (sign-in-owner.tsx).
 */
import { open, seal } from '#shared/identity/seal.ts'
import { SESSION_SECONDS } from '../limits.ts'
import { personOf } from '../authorize/servers.ts'
import type { Person } from '../authorize/known-server.ts'
import type { Settings } from '../settings.ts'

export const SESSION_COOKIE = '__Host-mcp-edge-session'
export const SIGN_IN_COOKIE = '__Host-mcp-edge-sign-in'
export const FORM_COOKIE = '__Host-mcp-edge-form'

const PURPOSE = 'session'

interface SealedSession extends Person {
  expiresAtSeconds: number
}

export async function sessionCookie(settings: Settings, person: Person): Promise<string> {
  const expiresAtSeconds = nowSeconds() + SESSION_SECONDS
  const session: SealedSession = { ...personOf(person), expiresAtSeconds }
  const value = await seal(await settings.sessionKeys(), PURPOSE, session)
  return setCookie(SESSION_COOKIE, value, SESSION_SECONDS)
}

/** Who is signed in; `undefined` when nobody is, or the cookie is altered or too old. */
export async function readSession(
  request: Request,
  settings: Settings,
): Promise<Person | undefined> {
  const cookie = readCookie(request, SESSION_COOKIE)
  if (!cookie) return undefined
  const opened = await open<SealedSession>(await settings.sessionKeys(), PURPOSE, cookie)
  if (!opened.ok || opened.value.expiresAtSeconds <= nowSeconds()) return undefined
  return personOf(opened.value)
}

export function readCookie(request: Request, name: string): string | undefined {
  for (const part of (request.headers.get('cookie') ?? '').split(';')) {
    const equals = part.indexOf('=')
    if (part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
  }
  return undefined
}

/** Lax: the cookie comes along when a client or an IdP sends the browser here. */
export const setCookie = (name: string, value: string, maxAgeSeconds: number): string =>
  `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=Lax`

export const clearCookie = (name: string): string => setCookie(name, '', 0)

const nowSeconds = (): number => Math.floor(Date.now() / 1000)
