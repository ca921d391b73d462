/** base64url without padding (RFC 4648 §5), by jose, which picks the runtime's native codec. */
import { base64url } from 'jose'

export function toBase64Url(bytes: Uint8Array): string {
  return base64url.encode(bytes)
}

/** @throws TypeError when `text` is not base64url */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(base64url.decode(text))
}

export function tryFromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64Url(text)
  } catch {
    return undefined
  }
}
