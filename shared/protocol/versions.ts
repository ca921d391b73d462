/** The protocol revisions this platform speaks, newest first. Revision ids are ISO dates: they order as text. */

export const MODERN_VERSION = '2026-07-28'
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const
export const SUPPORTED_VERSIONS = [MODERN_VERSION, ...LEGACY_VERSIONS] as const

export type LegacyVersion = (typeof LEGACY_VERSIONS)[number]

const legacy: ReadonlySet<string> = new Set(LEGACY_VERSIONS)

export const isLegacyVersion = (version: string): version is LegacyVersion => legacy.has(version)

/** Of the stateless era, whether or not we speak it: such a version claims the 2026 envelope. */
export const isModernEra = (version: string): boolean => version >= MODERN_VERSION
