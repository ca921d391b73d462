/** Base64 with padding (RFC 4648 §4), as MCP carries bytes. */

/** In slices: a call has at most some ten thousand arguments. */
const SLICE_BYTES = 8_192

export function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(start, start + SLICE_BYTES))
  }
  return btoa(binary)
}
