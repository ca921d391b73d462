/** Scopes as an author declares them; what they imply stands in shared/identity/scopes.ts. */

/**
 * Names of scopes, all of them needed; or names with what each lets an app do, as
 * the consent page says it to people: `{ 'notes:write': 'Write and change your notes' }`.
 */
export type Scopes = readonly [string, ...string[]] | Readonly<Record<string, string>>

export function scopeNames(scopes: Scopes | undefined): readonly string[] {
  if (scopes === undefined) return []
  return isNameList(scopes) ? scopes : Object.keys(scopes)
}

/** What a declaration says of its scopes; nothing where it only names them. */
export const scopeWords = (scopes: Scopes | undefined): [scope: string, words: string][] =>
  scopes === undefined || isNameList(scopes) ? [] : Object.entries(scopes)

/** Written because `Array.isArray` does not narrow read-only arrays. */
const isNameList = (scopes: Scopes): scopes is readonly [string, ...string[]] =>
  Array.isArray(scopes)
