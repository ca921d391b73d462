/** The failure a tool means the model to read. Anything else a handler throws is masked. */

export interface ToolErrorOptions {
  /** Stable identifier a program can switch on, e.g. `note_not_found`. */
  code?: string
  /** Whether the same call may succeed later. */
  retryable?: boolean
  /** How long to wait before trying again. */
  retryAfterMs?: number
  /** What to do instead, e.g. "Call list-tags first". Shown to the model after the message. */
  hint?: string
}

const OPTION_KEYS: ReadonlySet<string> = new Set(['code', 'retryable', 'retryAfterMs', 'hint'])

/**
 * @example
 * throw new ToolError('No notes tagged "x".', { hint: 'Call list-tags first.' })
 */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly options: Readonly<ToolErrorOptions>

  /** @throws TypeError on an unknown option */
  constructor(message: string, options: ToolErrorOptions = {}) {
    super(message)
    for (const key of Object.keys(options)) {
      if (!OPTION_KEYS.has(key)) {
        throw new TypeError(
          `ToolError has no option "${key}". It takes ${[...OPTION_KEYS].join(', ')}.`,
        )
      }
    }
    this.options = options
  }
}
