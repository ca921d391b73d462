/**
 * Descriptions that speak to the model instead of describing: the form of tool
 * poisoning. Patterns, so a warning for what people also write in good faith,
 * a refusal for what has no honest use.
 */
import { finding, quote, textsOf, type Check, type CheckFinding } from './check.ts'

const REFUSED: readonly RegExp[] = [
  /\b(ignore|disregard|forget)\b.{0,30}\b(previous|prior|above|earlier|all other)\b.{0,20}\b(instructions?|prompts?|rules|messages)\b/i,
  /<\/?\s*(important|system|secret|instructions?|assistant|\|im_(start|end)\|)\s*\/?>/i,
  /\b(do not|don'?t|never|without)\b.{0,20}\b(tell|telling|mention|mentioning|inform|informing|reveal|notify|notifying)\b.{0,20}\b(the )?(user|human|person|anyone)\b/i,
  /\b(send|forward|post|upload|exfiltrate|include)\b.{0,40}\b(passwords?|api.?keys?|secrets?|credentials|private keys?|access tokens?|system prompt)\b/i,
  /(~\/|\/)\.(ssh|aws|env|cursor|config)\b/i,
]

const WARNED: readonly RegExp[] = [
  /\b(you must|you should|you are required to|make sure you|be sure to) (always |first |also )?(call|use|invoke|run|read|pass|send)\b/i,
  /\b(always|never) (call|use|invoke|prefer|choose|trust) (this|that|the)\b/i,
  /\b(before|instead of) (using|calling|invoking|running) (any|all|every|other)\b/i,
  /\byou are (now )?(an? )?(assistant|ai|model|agent)\b/i,
]

export const instructions: Check = ({ definitions }) =>
  textsOf(definitions).flatMap(({ item, text }): CheckFinding[] => {
    const refused = firstMatch(REFUSED, text)
    if (refused !== undefined) {
      return [finding('refusal', item, `Gives the model orders: ${quote(refused)}`)]
    }
    // A server's own instructions are meant for the model; what only describes should not order.
    const warned = item === undefined ? undefined : firstMatch(WARNED, text)
    if (warned === undefined) return []
    return [finding('warning', item, `Speaks to the model rather than describes: ${quote(warned)}`)]
  })

/** Descriptions are bounded, so patterns that look ahead a few words are too. */
function firstMatch(patterns: readonly RegExp[], text: string): string | undefined {
  for (const pattern of patterns) {
    const match = pattern.exec(text)
    if (match) return match[0]
  }
  return undefined
}
