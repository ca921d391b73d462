/** What a tool's handler gets of PLATFORM, beside what every handler gets. */
import type { State } from './state.ts'

export interface PlatformContext {
  /**
   * Does something at most once in this call, however often the handler runs: a
   * recorded result is handed back instead. What fails records nothing and is
   * tried again by the next run, so hand `idempotencyKey` on to who can use it.
   *
   * @param key names the step within the tool; the same in every run
   * @param act its result must be JSON, ≤ 64 KiB; it comes back as JSON says it
   */
  once<Value>(key: string, act: (idempotencyKey: string) => Value | Promise<Value>): Promise<Value>
  /**
   * A small store that lasts: without a handle a new one, whose handle goes to the
   * model and comes back as an argument. Of the same caller and server only; it
   * ends seven days after its last use.
   *
   * @throws ToolError `unknown_handle`
   */
  state<Shape extends object = Record<string, unknown>>(handle?: string): Promise<State<Shape>>
}
