/** What a command of `npm run catalog` shows. */
import type { Answer } from './show.ts'

export interface Output {
  readonly answer: Answer
  readonly text: string
  /** Of a gate that did not open. */
  readonly failed?: boolean
}
