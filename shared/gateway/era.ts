/** Which protocol era a request claims by its header (DESIGN §3.3): header first, body must agree. */
import { isLegacyVersion, MODERN_VERSION } from '../protocol/versions.ts'

export type Era = 'modern' | 'legacy' | 'unsupported'

/** @param versionHeader `MCP-Protocol-Version`; absent before a 2025 client has negotiated */
export function eraOf(versionHeader: string | null): Era {
  if (versionHeader === MODERN_VERSION) return 'modern'
  return versionHeader === null || isLegacyVersion(versionHeader) ? 'legacy' : 'unsupported'
}
