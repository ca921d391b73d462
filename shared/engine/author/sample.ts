/**
 * What the client itself may be asked for: a completion by its model, and its
 * roots (2026-07-28 client/sampling, client/roots; both deprecated there, and
 * offered by few clients: look at `client` first).
 */
import type { AudioBlock, ContentBlock, ImageBlock, TextBlock } from './content.ts'

export interface SampleParams {
  messages: { role: 'user' | 'assistant'; content: TextBlock | ImageBlock | AudioBlock }[]
  maxTokens: number
  systemPrompt?: string
  temperature?: number
  stopSequences?: string[]
  modelPreferences?: {
    /** Names or parts of names, best first. */
    hints?: { name: string }[]
    /** Each from 0 (unimportant) to 1. */
    costPriority?: number
    speedPriority?: number
    intelligencePriority?: number
  }
}

/** What the client's model said, after its user could change or refuse it. */
export interface Sampled {
  role: 'user' | 'assistant'
  content: ContentBlock | ContentBlock[]
  model: string
  stopReason?: string
}

export interface Root {
  uri: string
  name?: string
}

/** What this client can be asked for; what it cannot ends the call with −32021. */
export interface ClientOffers {
  /** Forms. */
  readonly elicit: boolean
  /** Pages to open: `elicit(key, message, { url })`. */
  readonly elicitUrl: boolean
  readonly sample: boolean
  readonly roots: boolean
}
