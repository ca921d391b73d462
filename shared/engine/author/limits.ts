/** Bounds an author may move within. */

/** Longest invocation the platform keeps a stream open for; longer work is a task. */
export const MAX_TIMEOUT_MS = 15 * 60_000
/** A person is waiting and proxies give up soon after; raise it for a tool that reports progress. */
export const DEFAULT_TIMEOUT_MS = 120_000

/** The router passes at most 16 MiB of JSON; text and structured content may carry the same twice. */
export const MAX_OUTPUT_BYTES = 8 * 1024 * 1024
/** Already several times what a model can read. */
export const DEFAULT_OUTPUT_BYTES = 1024 * 1024

/** One line on the consent page, for one scope. */
export const SCOPE_WORDS_MAX_CHARS = 200
/** A result is read within minutes; a form may wait over night. */
export const DEFAULT_TASK_TTL_MS = 24 * 3_600_000
