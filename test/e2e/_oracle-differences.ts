/**
 * Where the platform deliberately answers other than the official SDK's server, each
 * with its reason. Whatever is not here must agree.
 */
import type { WireRequest } from './_oracle-requests.ts'

/** The last message of an answer, without the words of an error. */
export interface Answer {
  readonly status: number
  readonly messages: number
  readonly id: unknown
  readonly code: number | undefined
  readonly data: unknown
  readonly result: Record<string, unknown> | undefined
}

export interface Difference {
  readonly reason: string
  /** What is different this time is this, and nothing else. */
  explains(request: Sent, ours: Answer, theirs: Answer): boolean
}

/** A request and what its body says, as far as it says anything. */
export interface Sent extends WireRequest {
  readonly method: unknown
  readonly params: Record<string, unknown>
}

const codes = (ours: Answer, theirs: Answer, our: number, their: number): boolean =>
  ours.code === our && theirs.code === their

/** The results agree once these fields are left out. */
function agreeWithout(ours: Answer, theirs: Answer, ...fields: string[]): boolean {
  if (!ours.result || !theirs.result) return false
  const rest = (result: Record<string, unknown>) =>
    JSON.stringify(Object.entries(result).filter(([field]) => !fields.includes(field)))
  return rest(ours.result) === rest(theirs.result)
}

const refused = ({ status, code }: Answer): boolean => status >= 400 && code !== undefined

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'Lists of a public server may be cached, by anybody; the SDK says nothing may',
    explains: ({ era, method }, ours, theirs) =>
      era === 'modern' &&
      String(method).endsWith('/list') &&
      agreeWithout(ours, theirs, 'ttlMs', 'cacheScope'),
  },
  {
    reason:
      'Discovery names every version of this URL, resource subscriptions and how long to keep it',
    explains: ({ method }, ours, theirs) =>
      method === 'server/discover' &&
      agreeWithout(ours, theirs, 'ttlMs', 'cacheScope', 'supportedVersions', 'capabilities'),
  },
  {
    reason: 'Resource subscriptions are served, so they are declared',
    explains: ({ method }, ours, theirs) =>
      method === 'initialize' && agreeWithout(ours, theirs, 'capabilities'),
  },
  {
    reason: 'A prompt is answered with its description',
    explains: ({ method }, ours, theirs) =>
      method === 'prompts/get' && agreeWithout(ours, theirs, 'description'),
  },
  {
    reason: 'An argument is optional unless it says otherwise: `required: false` is left out',
    explains: ({ method }, { result: ours }, { result: theirs }) =>
      method === 'prompts/list' &&
      ours !== undefined &&
      theirs !== undefined &&
      JSON.stringify(ours['prompts']) ===
        JSON.stringify(theirs['prompts']).replaceAll(',"required":false', ''),
  },
  {
    reason: 'Suggestions for an argument that has none say how many there are: none',
    explains: ({ method }, ours, theirs) =>
      method === 'completion/complete' &&
      JSON.stringify(ours.result?.['completion']) === '{"hasMore":false,"total":0,"values":[]}' &&
      JSON.stringify(theirs.result?.['completion']) === '{"hasMore":false,"values":[]}',
  },
  {
    reason: 'Variables of a URI template arrive decoded (RFC 6570 §1.4)',
    explains: ({ method, params }, ours, theirs) =>
      method === 'resources/read' &&
      String(params['uri']).includes('%') &&
      agreeWithout(ours, theirs, 'contents'),
  },
  {
    reason:
      'A cursor nobody handed out is invalid (server/utilities/pagination); the SDK ignores it',
    explains: ({ method, params }, ours, theirs) =>
      String(method).endsWith('/list') &&
      'cursor' in params &&
      ours.code === -32602 &&
      (theirs.result !== undefined || theirs.code === -32603),
  },
  {
    reason:
      'Params of the wrong shape are invalid params, not an internal error (JSON-RPC 2.0 §5.1)',
    explains: (_request, ours, theirs) => codes(ours, theirs, -32602, -32603),
  },
  {
    reason: '2025 revisions answer −32002 for a resource that is not there (server/resources)',
    explains: ({ era, method }, ours, theirs) =>
      era === 'legacy' && method === 'resources/read' && codes(ours, theirs, -32002, -32602),
  },
  {
    reason: 'A URI that is none is a resource that is not there; the SDK gives a reason beside',
    explains: ({ method }, ours, theirs) =>
      method === 'resources/read' &&
      codes(ours, theirs, -32602, -32602) &&
      (theirs.data as { reason?: unknown } | undefined)?.reason === 'invalid_uri',
  },
  {
    reason: 'A log level or a subscription belongs to a session; the SDK forgets it at once',
    explains: ({ era, method }, ours) =>
      era === 'legacy' &&
      ['logging/setLevel', 'resources/unsubscribe'].includes(String(method)) &&
      ours.status === 400,
  },
  {
    reason: 'Subscriptions are served, so their params are looked at; the SDK has no such method',
    explains: ({ method }, ours, theirs) =>
      method === 'resources/unsubscribe' && codes(ours, theirs, -32602, -32601),
  },
  {
    reason: 'Who names no revision speaks 2025-03-26, which has no structured content',
    explains: ({ era, method, headers }, ours, theirs) =>
      era === 'legacy' &&
      method === 'tools/call' &&
      headers['mcp-protocol-version'] === undefined &&
      agreeWithout(ours, theirs, 'structuredContent'),
  },
  {
    reason: 'A client that does not name itself in full is served all the same',
    explains: ({ method }, ours, theirs) =>
      method === 'initialize' && ours.result !== undefined && theirs.code === -32603,
  },
  {
    reason: '`*/*` accepts both types (RFC 9110 §12.5.1); the SDK wants them spelled out',
    explains: ({ headers }, _ours, theirs) => headers['accept'] === '*/*' && theirs.status === 406,
  },
  {
    reason: 'A media type is matched whole; the SDK looks for the words anywhere in the header',
    explains: ({ headers }, ours) =>
      headers['accept']?.endsWith('x') === true && ours.status === 406,
  },
  {
    reason:
      'A version nobody knows is refused by its header alone, whatever else is wrong (DESIGN §3.3)',
    explains: ({ headers }, ours, theirs) =>
      headers['mcp-protocol-version']?.endsWith('x') === true && refused(ours) && refused(theirs),
  },
  {
    reason: 'The era is decided by header first: a body of the other era is refused, never served',
    explains: ({ era, headers }, ours) =>
      era === 'modern' && headers['mcp-protocol-version'] === undefined && refused(ours),
  },
  {
    reason: 'Several things are wrong: which is told first is nobody’s promise, the refusal is',
    explains: ({ era }, ours, theirs) =>
      era === 'modern' && ours.status === 400 && theirs.status === 400 && ours.id === theirs.id,
  },
]
