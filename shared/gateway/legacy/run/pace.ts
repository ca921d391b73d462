/** Keeps what a server's comments set off from going faster than a well-behaved server comments. */

/** @returns a test that is true at most once in `intervalMs`, and not before the first has passed */
export function pace(intervalMs: number): () => boolean {
  let lastMs = Date.now()
  return () => {
    const nowMs = Date.now()
    if (nowMs - lastMs < intervalMs) return false
    lastMs = nowMs
    return true
  }
}
