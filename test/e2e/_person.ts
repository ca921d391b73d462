/**
 * A person with a browser that runs no script: follows redirects on the
 * authorization server, keeps cookies, fills in the forms it is shown.
 */
import { mintOwnerLink } from '../../scripts/owner-link.ts'

export { mintOwnerLink }

/** What one page of the authorization server shows. */
export interface Page {
  readonly url: string
  readonly status: number
  readonly html: string
  readonly headers: Headers
  /** Where the browser was sent next, when that is not the authorization server. */
  readonly leftFor?: URL
}

export class Person {
  #cookies = new Map<string, string>()
  /** Origins the browser goes on to by itself; a redirect elsewhere is reported. */
  readonly #origins: ReadonlySet<string>

  constructor(...origins: string[]) {
    this.#origins = new Set(origins)
  }

  /** The same browser, cookies included, that goes on by itself to these origins alone. */
  confinedTo(...origins: string[]): Person {
    const confined = new Person(...origins)
    confined.#cookies = this.#cookies
    return confined
  }

  open(url: string | URL): Promise<Page> {
    return this.#send(new URL(url), { method: 'GET' })
  }

  /** Posts fields to a path of the page's origin, as a form on it would. */
  post(url: string | URL, fields: [string, string][]): Promise<Page> {
    const { origin } = new URL(url)
    const body = new URLSearchParams(fields)
    return this.#send(new URL(url), { method: 'POST', body, headers: { origin } })
  }

  cookieHeader(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Drops the cookies whose names match. */
  forget(names: RegExp): void {
    for (const name of this.#cookies.keys()) if (names.test(name)) this.#cookies.delete(name)
  }

  async #send(url: URL, init: RequestInit, hops = 0): Promise<Page> {
    if (hops > 10) throw new Error(`Too many redirects at ${url.href}`)
    const headers = new Headers(init.headers)
    headers.set('cookie', this.cookieHeader())
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    const html = await response.text()
    const page = { url: url.href, status: response.status, html, headers: response.headers }
    const location = response.headers.get('location')
    if (location === null) return page
    const next = new URL(location, url)
    if (!this.#origins.has(next.origin)) return { ...page, leftFor: next }
    return this.#send(next, { method: 'GET' }, hops + 1)
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    if (attributes.some((attribute) => attribute === 'Max-Age=0')) this.#cookies.delete(name)
    else this.#cookies.set(name, pair.slice(equals + 1))
  }
}

/** Signs in by the owner link, wherever the page now asks for it. */
export const signInAsOwner = (person: Person, issuer: string, token: string): Promise<Page> =>
  person.post(`${issuer}/login/owner`, [['token', token]])

/** Values of the inputs called `name`; those of unticked boxes only when `all`. */
export function inputs(html: string, name: string, all = false): string[] {
  const tags = [...html.matchAll(/<input[^>]*>/g)].map(([tag]) => tag)
  return tags
    .filter((tag) => tag.includes(`name="${name}"`))
    .filter((tag) => all || !/type="(checkbox|radio)"/.test(tag) || /\schecked/.test(tag))
    .map((tag) => unescape(/value="([^"]*)"/.exec(tag)?.[1] ?? ''))
}

/** What a page says, without its tags. */
export const wordsIn = (html: string): string =>
  unescape(html.replace(/<[^>]*>/g, '').replace(/\s+/g, ' '))

/** Presses a button of the consent page. @param scopes default: what the page has ticked */
export function decide(
  person: Person,
  consent: Page,
  decision: 'approve' | 'deny',
  scopes = inputs(consent.html, 'scope'),
): Promise<Page> {
  const [handle = ''] = inputs(consent.html, 'handle')
  const ticked = scopes.map((scope): [string, string] => ['scope', scope])
  const { origin } = new URL(consent.url)
  const fields: [string, string][] = [['handle', handle], ['decision', decision], ...ticked]
  return person.post(`${origin}/oauth/authorize`, fields)
}

function unescape(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}
