/**
 * The `_meta` envelope every 2026-07-28 request carries (basic/index "Request
 * metadata"): which revision, what the client can do, who it says it is.
 * `clientInfo` is self-reported: never evidence.
 */
import { isObject, type JsonObject, type ProgressToken } from '../../jsonrpc.ts'

export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'
export const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities'
export const CLIENT_INFO_KEY = 'io.modelcontextprotocol/clientInfo'
export const LOG_LEVEL_KEY = 'io.modelcontextprotocol/logLevel'
export const SERVER_INFO_KEY = 'io.modelcontextprotocol/serverInfo'
/** On everything of a `subscriptions/listen` stream: the id of the request that opened it. */
export const SUBSCRIPTION_ID_KEY = 'io.modelcontextprotocol/subscriptionId'
/** SEP-2663: declared by clients and servers under `capabilities.extensions`. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'

export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface ClientCapabilities {
  experimental?: JsonObject
  sampling?: JsonObject
  elicitation?: { form?: JsonObject; url?: JsonObject }
  roots?: JsonObject
  extensions?: JsonObject
}

/** A checked `_meta`; foreign keys (trace context, extensions) stay in it. */
export interface Envelope extends JsonObject {
  [VERSION_KEY]: string
  [CAPABILITIES_KEY]: ClientCapabilities
  [CLIENT_INFO_KEY]?: { name: string; version: string }
  [LOG_LEVEL_KEY]?: LogLevel
  progressToken?: ProgressToken
}

export interface EnvelopeIssue {
  readonly key: string
  readonly problem: string
}

/** The first thing wrong with an envelope, or `undefined`. Missing keys come first. */
export function envelopeIssue(meta: JsonObject): EnvelopeIssue | undefined {
  for (const key of [VERSION_KEY, CAPABILITIES_KEY]) {
    if (!(key in meta)) return { key, problem: 'missing' }
  }
  if (typeof meta[VERSION_KEY] !== 'string') return wrong(VERSION_KEY, 'string')
  const clientInfo = meta[CLIENT_INFO_KEY]
  if (clientInfo !== undefined && !isImplementation(clientInfo)) {
    return wrong(CLIENT_INFO_KEY, 'object with name and version')
  }
  const level = meta[LOG_LEVEL_KEY]
  if (level !== undefined && !LOG_LEVELS.includes(level as LogLevel)) {
    return wrong(LOG_LEVEL_KEY, `one of ${LOG_LEVELS.join(', ')}`)
  }
  return capabilitiesIssue(meta[CAPABILITIES_KEY])
}

const CAPABILITY_NAMES = ['experimental', 'sampling', 'elicitation', 'roots', 'extensions'] as const

function capabilitiesIssue(capabilities: unknown): EnvelopeIssue | undefined {
  if (!isObject(capabilities)) return wrong(CAPABILITIES_KEY, 'object')
  for (const name of CAPABILITY_NAMES) {
    const value = capabilities[name]
    if (value === undefined) continue
    const path = `${CAPABILITIES_KEY}.${name}`
    if (!isObject(value)) return wrong(path, 'object')
    // `experimental` and `extensions` are open maps; the members of the others are objects or flags.
    for (const [member, inner] of Object.entries(value)) {
      if (!isObject(inner) && typeof inner !== 'boolean')
        return wrong(`${path}.${member}`, 'object')
    }
  }
  return undefined
}

const isImplementation = (value: unknown): boolean =>
  isObject(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string'

const wrong = (key: string, expected: string): EnvelopeIssue => ({
  key,
  problem: `Invalid input: expected ${expected}`,
})

/** `elicitation: {}` without a mode means form: the declaration older clients make. */
export function canElicitForm({ elicitation }: ClientCapabilities): boolean {
  if (!elicitation) return false
  return elicitation.form !== undefined || elicitation.url === undefined
}
