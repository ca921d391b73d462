/**
 * The internal call: what the router sends a server Worker beside the caller's
 * request, and what comes back. `POST /mcp`, MCP 2026-07-28 only.
 *
 * Two headers, each ≤ 4 KiB:
 *  - the *principal assertion*: a JWS of the router, valid for one server and
 *    five minutes, verified once per isolate (`shared/identity/assertion.ts`);
 *  - the *decision*: what the router allowed. It carries no signature of its
 *    own: it counts only beside a valid assertion, and only the router can set
 *    either, because it drops every inbound `x-mcp-edge-*`.
 *
 * The host of an internal request is a label for logs, never evidence.
 */
import type { SealKeys } from '../identity/seal.ts'
import type { RunRef } from './entrypoints.ts'

export const PRINCIPAL_HEADER = 'x-mcp-edge-principal'
export const DECISION_HEADER = 'x-mcp-edge-decision'
/** On a 409: the digest of the definitions the server runs, when they are not the approved ones. */
export const DIGEST_HEADER = 'x-mcp-edge-digest'
export const INTERNAL_HEADER_MAX_BYTES = 4096

/**
 * `error` on an answer that tells of a failure (a result with `isError`, or an error):
 * the router counts them without reading bodies. Streams do not say.
 */
export const OUTCOME_HEADER = 'x-mcp-edge-outcome'

/** The server refuses before its handler runs: the call was decided on other definitions. */
export const DIGEST_MISMATCH_STATUS = 409

export const internalHost = (server: string): string => `${server}.mcp.internal`

/** What the router allowed. The engine refuses (−32020) a body that says other. */
export interface Decision {
  readonly method: string
  /** Tool name, prompt name, resource URI or task id, as `Mcp-Name` gives it; absent for the rest. */
  readonly name?: string
  /** Digest of the approved definitions; absent only when describing. */
  readonly digest?: string
  /** This server's keys for `requestState`, derived by the router; absent when describing. */
  readonly seal?: SealKeys
  /** Authorises this request's use of PLATFORM; minted only for tools that use it. */
  readonly capability?: string
  /** The run this call belongs to, where the platform repeats it (a task's attempts); else the call is its own. */
  readonly run?: RunRef
  /** The tool begins in the call and may answer that a task begins here (`TaskBegins`). */
  readonly mayBeginTask?: true
}

/** What a decision says of tasks. */
export type TaskDecision = Pick<Decision, 'mayBeginTask' | 'run'>

/** What a tool answers that `mayBeginTask`, in place of a result: the router makes the task. */
export interface TaskBegins {
  readonly resultType: 'task'
  readonly runId: string
  /** Answers so far, sealed; for the task's first attempt. */
  readonly requestState: string
}

/** JSON with every non-ASCII character escaped, so that it may stand in a header. */
export function encodeDecision(decision: Decision): string {
  return JSON.stringify(decision).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Reads a decision header; `undefined` when it is not one. Call only after the assertion verified. */
export function decodeDecision(header: string): Decision | undefined {
  if (header.length > INTERNAL_HEADER_MAX_BYTES) return undefined
  try {
    const decision = JSON.parse(header) as Decision
    return typeof decision?.method === 'string' ? decision : undefined
  } catch {
    return undefined
  }
}

/**
 * Key in `server/discover`'s result `_meta` under which a server answers the
 * platform principal (and nobody else) with a {@link ServerDescription}.
 */
export const DESCRIPTION_META_KEY = 'mcp-edge/description'
