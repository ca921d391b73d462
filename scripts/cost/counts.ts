/** What is counted, shared by the Workers that count and the script that reads. */

/** Where a counted Worker answers its counts since they were last taken. */
export const COUNTS_PATH = '/.counts'

/** Operation → how often: `kv.get`, `r2.put`, `objectRequest`, `websocketMessage`, `rowRead`, `rowWritten`. */
export type Counts = Record<string, number>

export function addCounts(into: Counts, more: Counts): void {
  for (const [operation, times] of Object.entries(more)) {
    into[operation] = (into[operation] ?? 0) + times
  }
}
