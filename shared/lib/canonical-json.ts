/**
 * The canonical JSON text of a value (RFC 8785), for digests: members sorted by
 * UTF-16 code units, no white space; numbers and strings as ECMAScript writes
 * them, which is what the RFC prescribes.
 */

/**
 * @param value anything `JSON.parse` can return; members that are `undefined` are left out
 * @throws TypeError for what JSON cannot say
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new TypeError(`${String(value)} is not JSON`)
  }
  return text
}
