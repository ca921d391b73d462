/**
 * Request headers of Streamable HTTP: names, the strict decoding of
 * `=?base64?…?=` values (SEP-2243), and the content negotiation rules.
 */
export const VERSION_HEADER = 'mcp-protocol-version'
export const METHOD_HEADER = 'mcp-method'
export const NAME_HEADER = 'mcp-name'
export const SESSION_HEADER = 'mcp-session-id'
export const LAST_EVENT_ID_HEADER = 'last-event-id'

const SENTINEL_PREFIX = '=?base64?'
const SENTINEL_SUFFIX = '?='
const CANONICAL_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** `ignoreBOM` keeps a byte order mark: a name with one is another name. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The value a header stands for. Without both prefix and suffix it is literal.
 *
 * @returns `undefined` when the payload is not canonical Base64 of UTF-8: refuse the request
 */
export function decodeHeaderValue(value: string): string | undefined {
  if (!value.startsWith(SENTINEL_PREFIX) || !value.endsWith(SENTINEL_SUFFIX)) return value
  const encoded = value.slice(SENTINEL_PREFIX.length, -SENTINEL_SUFFIX.length)
  if (!CANONICAL_BASE64.test(encoded)) return undefined
  try {
    return utf8.decode(Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)))
  } catch {
    return undefined
  }
}

/** The form in which any text may stand in a header; literal where it safely can. */
export function encodeHeaderValue(text: string): string {
  const literal = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)
  if (literal && !text.startsWith(SENTINEL_PREFIX)) return text
  const bytes = String.fromCharCode(...new TextEncoder().encode(text))
  return `${SENTINEL_PREFIX}${btoa(bytes)}${SENTINEL_SUFFIX}`
}

/** The media type is `application/json`, whatever its parameters (RFC 9110 §8.3.1). */
export function isJsonContentType(header: string | null): boolean {
  if (header === 'application/json') return true
  return header?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'
}

/** 2025-era POSTs must accept both answers (406 otherwise); 2026-07-28 asks nothing of `Accept`. */
export function acceptsJsonAndEventStream(header: string | null): boolean {
  return accepts(header, 'application/json') && acceptsEventStream(header)
}

/** 2025-era GETs must (406 otherwise). */
export const acceptsEventStream = (header: string | null): boolean =>
  accepts(header, 'text/event-stream')

function accepts(header: string | null, type: string): boolean {
  if (!header) return false
  const types = header.split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase())
  const [kind] = type.split('/')
  return [type, `${kind}/*`, '*/*'].some((range) => types.includes(range))
}
