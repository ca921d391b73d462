/** The store behind a handle: what the model keeps between calls, in place of a session. */

/** @typeParam Shape key → the JSON value under it */
export interface State<Shape extends object = Record<string, unknown>> {
  /** Give it to the model: the only way back to what is stored. */
  readonly handle: string
  get<Key extends keyof Shape & string>(key: Key): Promise<Shape[Key] | undefined>
  /** @throws ToolError `state_full`: more than 64 KiB in a value, 128 keys, or 512 KiB in all */
  put<Key extends keyof Shape & string>(key: Key, value: Shape[Key]): Promise<void>
  /**
   * Compare-and-set: `change` gets what is there and says what is to be there; it
   * is asked again when another call was faster. @returns what it said last
   */
  update<Key extends keyof Shape & string>(
    key: Key,
    change: (current: Shape[Key] | undefined) => Shape[Key] | Promise<Shape[Key]>,
  ): Promise<Shape[Key]>
  /** @returns whether there was something */
  delete(key: keyof Shape & string): Promise<boolean>
  /** Everything that is stored. */
  all(): Promise<Partial<Shape>>
}
