/**
 * The kinds of questions a run may ask (client/elicitation, client/sampling,
 * client/roots): what goes to the client, what it must have declared, and what
 * counts as an answer.
 */
import {
  canElicitForm,
  type ClientCapabilities,
} from '../../protocol/revisions/2026-07-28/envelope.ts'
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import type { Form, Page } from '../author/elicit.ts'
import type { ClientOffers, Root, Sampled, SampleParams } from '../author/sample.ts'
import { contentOf, formSchemaOf } from './form.ts'

export interface Question {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list'
  readonly params: JsonObject | undefined
  /** Its exact words: an answer counts for these alone. */
  readonly words: readonly unknown[]
  /** What the handler gets; `undefined`: not an answer to this question. */
  read(response: JsonObject): unknown
}

export const offersOf = (capabilities: ClientCapabilities): ClientOffers => ({
  elicit: canElicitForm(capabilities),
  elicitUrl: capabilities.elicitation?.url !== undefined,
  sample: capabilities.sampling !== undefined,
  roots: capabilities.roots !== undefined,
})

/** What −32021 names for each. */
export const NEEDED: Readonly<Record<keyof ClientOffers, JsonObject>> = {
  elicit: { elicitation: { form: {} } },
  elicitUrl: { elicitation: { url: {} } },
  sample: { sampling: {} },
  roots: { roots: {} },
}

export const isPage = (asked: Form | Page): asked is Page => 'url' in asked && !('_zod' in asked)

/** @throws TypeError for a form no client can draw */
export function formQuestion(message: string, form: Form): Question {
  const requestedSchema = formSchemaOf(form)
  return {
    method: 'elicitation/create',
    params: { mode: 'form', message, requestedSchema },
    words: [message, requestedSchema],
    async read({ action, content }) {
      if (action !== 'accept') return refusal(action)
      const checked = await contentOf(form, content ?? {})
      return checked === undefined ? undefined : { action, content: checked }
    },
  }
}

/** @throws TypeError for an address no client should open */
export function pageQuestion(message: string, { url }: Page): Question {
  const { protocol, hostname } = new URL(url)
  const isLocal = protocol === 'http:' && hostname === 'localhost'
  if (protocol !== 'https:' && !isLocal) {
    throw new TypeError('elicit: a page must have an https: URL')
  }
  return {
    method: 'elicitation/create',
    params: { mode: 'url', message, url },
    words: ['url', message, url],
    read: ({ action }) => (action === 'accept' ? { action } : refusal(action)),
  }
}

const refusal = (action: unknown) =>
  action === 'decline' || action === 'cancel' ? { action } : undefined

export const sampleQuestion = (params: SampleParams): Question => ({
  method: 'sampling/createMessage',
  params: { ...params },
  words: ['sampling', params],
  read: ({ role, content, model, stopReason }): Sampled | undefined =>
    (role === 'user' || role === 'assistant') &&
    typeof model === 'string' &&
    (Array.isArray(content) ? content.every(isBlock) : isBlock(content))
      ? {
          role,
          content: content as Sampled['content'],
          model,
          ...(typeof stopReason === 'string' ? { stopReason } : {}),
        }
      : undefined,
})

const isBlock = (block: unknown): boolean => isObject(block) && typeof block['type'] === 'string'

export const rootsQuestion = (): Question => ({
  method: 'roots/list',
  params: undefined,
  words: ['roots'],
  read: ({ roots }): Root[] | undefined =>
    Array.isArray(roots) && roots.every(isRoot)
      ? roots.map(({ uri, name }) => ({ uri, ...(name === undefined ? {} : { name }) }))
      : undefined,
})

const isRoot = (root: unknown): root is Root =>
  isObject(root) &&
  typeof root['uri'] === 'string' &&
  (root['name'] === undefined || typeof root['name'] === 'string')
