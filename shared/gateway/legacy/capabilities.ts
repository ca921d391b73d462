/**
 * What a client said it can be asked, as one letter each: the form in which it
 * fits into a session id, and what is checked before a question is put.
 */
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'
import type { ClientCapabilities } from '../../protocol/revisions/2026-07-28/envelope.ts'
import type { LegacyVersion } from '../../protocol/versions.ts'

/**
 * `f` elicitation form, `u` elicitation url, `s` sampling, `t` sampling with
 * tools, `r` roots. Letters of capabilities the platform does not know are never written.
 */
export type ClientFlags = string

/** Questions and the first revision that has them; the older ones count nothing by it. */
const ELICITATION_SINCE: LegacyVersion = '2025-06-18'
const URL_AND_TOOLS_SINCE: LegacyVersion = '2025-11-25'

/** Reads `initialize`'s capabilities. `elicitation: {}` means form (2025-06-18 knew nothing else). */
export function flagsOf(capabilities: JsonObject, version: LegacyVersion): ClientFlags {
  const { elicitation, sampling, roots } = capabilities
  const isNewest = version >= URL_AND_TOOLS_SINCE
  let flags = ''
  if (isObject(elicitation) && version >= ELICITATION_SINCE) {
    const url = isNewest && isObject(elicitation['url'])
    if (isObject(elicitation['form']) || !url) flags += 'f'
    if (url) flags += 'u'
  }
  if (isObject(sampling)) flags += isNewest && isObject(sampling['tools']) ? 'st' : 's'
  if (isObject(roots)) flags += 'r'
  return flags
}

/** The same in the 2026-07-28 envelope, for each call. */
export function capabilitiesOf(flags: ClientFlags): ClientCapabilities {
  const form = flags.includes('f')
  const url = flags.includes('u')
  return {
    ...(form || url
      ? { elicitation: { ...(form ? { form: {} } : {}), ...(url ? { url: {} } : {}) } }
      : {}),
    ...(flags.includes('s') ? { sampling: flags.includes('t') ? { tools: {} } : {} } : {}),
    ...(flags.includes('r') ? { roots: {} } : {}),
  }
}

/** One kind of question, the letter it needs, and how its absence is put (as the SDK 1.x words it). */
interface Need {
  readonly flag: string
  readonly missing: string
}

const FORM: Need = { flag: 'f', missing: 'Client does not support form elicitation.' }
const URL_MODE: Need = { flag: 'u', missing: 'Client does not support url elicitation.' }
const SAMPLING: Need = {
  flag: 's',
  missing: 'Client does not support sampling (required for sampling/createMessage)',
}
const SAMPLING_TOOLS: Need = {
  flag: 't',
  missing: 'Client does not support sampling tools capability.',
}
const ROOTS: Need = {
  flag: 'r',
  missing: 'Client does not support listing roots (required for roots/list)',
}

/** What the client must have declared for this question; `undefined` when there is no such question. */
export function needOf(method: string, params: JsonObject | undefined): Need | undefined {
  switch (method) {
    case 'elicitation/create':
      return params?.['mode'] === 'url' ? URL_MODE : FORM
    case 'sampling/createMessage':
      return params?.['tools'] !== undefined || params?.['toolChoice'] !== undefined
        ? SAMPLING_TOOLS
        : SAMPLING
    case 'roots/list':
      return ROOTS
    default:
      return undefined
  }
}

/** The sentence for −32021's `requiredCapabilities`. */
export function missingText(required: unknown): string {
  if (!isObject(required)) return 'Client does not support a capability this tool needs'
  const { elicitation, sampling } = required
  if (isObject(elicitation)) return (elicitation['url'] ? URL_MODE : FORM).missing
  if (isObject(sampling)) return (sampling['tools'] ? SAMPLING_TOOLS : SAMPLING).missing
  if (isObject(required['roots'])) return ROOTS.missing
  return `Client does not support what this tool needs: ${Object.keys(required).join(', ')}`
}
