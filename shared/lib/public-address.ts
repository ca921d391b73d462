/**
 * Which addresses of others this platform fetches: https, at a public host name.
 *
 * Judges the text alone. It does NOT resolve the name: on Cloudflare's network there is
 * nothing private behind a public name (`global_fetch_strictly_public`).
 */

export interface AddressRules {
  /** This machine is allowed, in cleartext too: what configured the address is there itself (development). */
  readonly local?: boolean
  /**
   * A stranger named the address (draft-ietf-oauth-client-id-metadata-document-02 §3): it is
   * written in its one canonical form, and uses the standard port.
   */
  readonly strict?: boolean
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Names that mean something inside one network only, or nothing at all (RFC 6761, 6762, 7686, 8375, 9476). */
const PRIVATE_DOMAINS = new Set(
  'alt arpa corp home internal intranet invalid lan local localdomain localhost onion private test'.split(
    ' ',
  ),
)

/** Whether the host of `text` is this machine, by one of its three usual names. */
export const isLoopbackUrl = (text: string): boolean =>
  LOOPBACK_HOSTS.has(URL.parse(text)?.hostname ?? '')

/**
 * What is wrong with an address that is to be fetched.
 *
 * @returns a sentence without its full stop; `undefined` where the address may be fetched
 */
export function addressFault(text: string, rules: AddressRules = {}): string | undefined {
  const url = URL.parse(text)
  if (!url) return 'The address is not a URL'
  const isLocal = rules.local === true && LOOPBACK_HOSTS.has(url.hostname)
  if (url.protocol !== 'https:' && !(isLocal && url.protocol === 'http:')) {
    return 'The address must begin with https://'
  }
  if (url.username || url.password) return 'The address must not hold a user name or a password'
  if (text.includes('#')) return 'The address must not have a fragment (#)'
  if (!isLocal) {
    const fault = hostFault(url.hostname)
    if (fault) return fault
  }
  return rules.strict ? strictFault(text, url) : undefined
}

/** @param hostname as the URL parser gives it: octal, hexadecimal and short IPv4 forms are dotted decimal there */
function hostFault(hostname: string): string | undefined {
  if (hostname.startsWith('[') || /^\d+(\.\d+){3}$/.test(hostname)) {
    return 'The host must be a name, not an IP address'
  }
  const labels = hostname.split('.')
  const isPrivate = labels.length < 2 || PRIVATE_DOMAINS.has(labels.at(-1) ?? '')
  // The last label of "localhost." is empty.
  return isPrivate || labels.includes('')
    ? 'The host must be a public name such as app.example.com'
    : undefined
}

function strictFault(text: string, url: URL): string | undefined {
  if (url.port !== '') return 'The address must use the standard port'
  // Dot segments, backslashes, an empty user name, capitals, a written :443: parsers disagree about them.
  return url.href === text ? undefined : `The address must be written as ${url.href}`
}
