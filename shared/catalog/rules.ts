/** Rules of permission as decisions read them; what makes one well-formed is in rules-schema.ts. */
export type { Hints, PlatformRule, Rule, What, Who } from './rules-schema.ts'

/** Exact, or by what comes before a final `*`. */
export const fitsPattern = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
