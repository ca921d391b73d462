/**
 * Who is shown a canary: named clients, and a share of the others by a stable
 * hash, so that one client always sees one revision. Raising the share only adds.
 */
import type { Principal } from '../identity/principal.ts'
import type { CanaryPointer } from './entry.ts'

/** Strangers are one client and see one revision together. */
export function isInCanary(
  { percent, clients, seed }: CanaryPointer,
  { tenant, clientId }: Principal,
): boolean {
  if (clients.includes(clientId)) return true
  if (percent <= 0) return false
  return hash(`${seed}\n${tenant}\n${clientId}`) < (percent / 100) * 2 ** 32
}

/** FNV-1a, then the finaliser of MurmurHash3: near names must not fall near each other. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
