/**
 * How long a test may take depends on the machine: one run of wrangler takes one second on an idle
 * core, and ten on a slow one beside other work. A limit is there to end what hangs. It says how
 * long the work takes on an idle core, and grows with what a piece of known work takes here.
 */

/** The known work: 200 KiB of JSON, read 40 times. */
const DOCUMENT = JSON.stringify(
  Array.from({ length: 2_000 }, (_, index) => ({ index, name: `n${index}`, nested: { index } })),
)
const READS = 40
/** What that takes on an idle core. */
const IDLE_MS = 40
/** The machine may become slower after it was measured, and more than the test may run beside it. */
const HEADROOM = 3
/** Beyond that a hang is to show, and not to hide for an hour. */
const SLOWNESS_MAX = 24

function measureMs(): number {
  const startMs = performance.now()
  for (let read = 0; read < READS; read += 1) JSON.parse(DOCUMENT)
  return performance.now() - startMs
}

/** How much longer work takes here than on an idle core; 1 at least. Measured when this process began. */
const slowdown = Math.max(1, measureMs() / IDLE_MS)
const slowness = Math.min(SLOWNESS_MAX, HEADROOM * slowdown)

/** @param idleMs what it takes at most on an idle core @returns the limit on this machine */
export const paced = (idleMs: number): number => Math.ceil(idleMs * slowness)

/** Of a duration that is promised, and asserted: without headroom on an idle core. */
export const promised = (ms: number): number => Math.ceil(ms * slowdown)
