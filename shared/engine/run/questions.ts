/**
 * The questions of one run (patterns/mrtr, client/elicitation). A question that
 * has no answer yet never resolves: the handler stops there, the run ends in
 * `input_required`, and the next round starts the handler from the top. So there
 * is no exception a handler could swallow on its way to acting unasked.
 *
 * An answer counts only for the exact key and words that were asked.
 */
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import type { Question } from './ask.ts'
import { digestOf, type Answer, type RunState } from './request-state.ts'

/** `inputRequests` of a result: key → request. */
export type InputRequests = Record<string, { method: Question['method']; params?: JsonObject }>

interface OpenQuestion {
  readonly question: Question
  readonly digest: string
  /** In the handler's order: digests are ready in any. */
  readonly position: number
}

export interface QuestionOptions {
  readonly state: RunState
  /** `inputResponses` of this request. */
  readonly responses: JsonObject
  /** Whether an answer counts that no state says was asked for. */
  readonly acceptUnasked: boolean
  /** Called once, when the first question has to wait for the user. */
  onWaiting(): void
}

export class Questions {
  readonly #options: QuestionOptions
  readonly #open = new Map<string, OpenQuestion>()
  readonly #answers: Record<string, Answer>
  #asked = 0
  #lookups: Promise<unknown>[] = []

  constructor(options: QuestionOptions) {
    this.#options = options
    this.#answers = { ...options.state.answers }
  }

  ask(key: string, question: Question): Promise<Answer> {
    const lookup = this.#answerOf(key, question, this.#asked++)
    this.#lookups.push(lookup)
    // A promise of its own each time: one for all would remember every handler that ever waited.
    return lookup.then((answer: Answer) => answer ?? new Promise<never>(() => undefined))
  }

  async #answerOf(key: string, question: Question, position: number): Promise<Answer> {
    const digest = await digestOf([key, ...question.words])
    const known = this.#answers[digest] ?? (await this.#fresh(key, digest, question))
    if (known) return (this.#answers[digest] = known)
    // A key goes to the client once; another question under it has to wait for a later round.
    if (this.#open.has(key)) return undefined
    this.#open.set(key, { question, digest, position })
    if (this.#open.size === 1) this.#options.onWaiting()
    return undefined
  }

  /** The answer in this request; one that is malformed or does not fit is as good as none. */
  async #fresh(key: string, digest: string, question: Question): Promise<Answer> {
    const { state, responses, acceptUnasked } = this.#options
    const asked = Object.hasOwn(state.asked, key) ? state.asked[key] : undefined
    if (asked === undefined ? !acceptUnasked : asked !== digest) return undefined
    const response = Object.hasOwn(responses, key) ? responses[key] : undefined
    return isObject(response) ? question.read(response) : undefined
  }

  /** Whether the user must answer something. Waits until every question asked so far is looked up. */
  async isWaiting(): Promise<boolean> {
    while (this.#lookups.length > 0) {
      const lookups = this.#lookups
      this.#lookups = []
      await Promise.allSettled(lookups)
    }
    return this.#open.size > 0
  }

  /** The run with the answers it has, for a task to go on from. */
  answered(): RunState {
    return { ...this.#options.state, asked: {}, answers: this.#answers }
  }

  /** What to ask, and what to remember until it is answered. */
  nextRound(): { inputRequests: InputRequests; state: RunState } {
    const inputRequests: InputRequests = {}
    const asked: Record<string, string> = {}
    const open = [...this.#open].sort(([, a], [, b]) => a.position - b.position)
    for (const [key, { question, digest }] of open) {
      const { method, params } = question
      inputRequests[key] = { method, ...(params ? { params } : {}) }
      asked[key] = digest
    }
    const { runId, round } = this.#options.state
    return { inputRequests, state: { runId, round: round + 1, asked, answers: this.#answers } }
  }
}
