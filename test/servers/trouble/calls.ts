/** What handlers of this fixture were called with: proof that one ran, or that none did. */
const KEPT_CALLS = 1_000

const marks: string[] = []

/** @param mark the caller's own word, so that tests do not read each other's calls */
export function remember(tool: string, mark: string): void {
  marks.push(`${tool}:${mark}`)
  if (marks.length > KEPT_CALLS) marks.shift()
}

export const remembered = (): readonly string[] => marks
