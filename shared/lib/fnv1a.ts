/** FNV-1a, 32 bits: spreads evenly and is the same in every isolate. Proves nothing: no security rests on it. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
  }
  return hash
}
