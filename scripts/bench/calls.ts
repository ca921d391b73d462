/** `tools/call` and `tools/list` of both eras, as the clients of each write them. */
import { httpPost, type Exchange } from './request.ts'

/** A prime, so that connections starting one apart do not run in step with the server's own counters. */
const VARIANTS = 61
const FIRST_ID = 1000

const ACCEPT = 'application/json, text/event-stream'
const CLIENT_INFO = { name: 'bench', version: '1.0.0' }

export const LEGACY_VERSION = '2025-11-25'

export type Headers = Readonly<Record<string, string>>

/** 2026-07-28: calls of the tool `echo`, each with a text and an id of its own. */
export function modernCalls(url: URL, headers: Headers = {}): Exchange[] {
  return variants((id, text) => modern(url, headers, 'tools/call', id, callOf(text), 'echo'))
}

/** 2026-07-28: calls of `echo` with a token bound to a key: one call for each proof, each to be sent once. */
export function provenCalls(url: URL, token: string, proofs: readonly string[]): Exchange[] {
  return proofs.map((dpop, index) => {
    const headers = { authorization: `DPoP ${token}`, dpop }
    return variant(index, (id, text) =>
      modern(url, headers, 'tools/call', id, callOf(text), 'echo'),
    )
  })
}

/** 2026-07-28: lists; `tool` must be on each. */
export function modernLists(url: URL, tool: string, headers: Headers = {}): Exchange[] {
  return variants((id) => modern(url, headers, 'tools/list', id, {}), [`"name":"${tool}"`])
}

function modern(
  url: URL,
  headers: Headers,
  method: string,
  id: number,
  params: object,
  name?: string,
): string {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
  }
  return httpPost(
    url,
    {
      accept: ACCEPT,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': name }),
      ...headers,
    },
    JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }),
  )
}

/** 2025-11-25: calls within a session that {@link openSession} opened. */
export function legacyCalls(url: URL, sessionId: string, headers: Headers = {}): Exchange[] {
  return variants((id, text) =>
    httpPost(
      url,
      legacyHeaders(sessionId, headers),
      JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: callOf(text) }),
    ),
  )
}

/** initialize, then initialized (2025-11-25, lifecycle). @returns the session id */
export async function openSession(url: URL, headers: Headers = {}): Promise<string> {
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo: CLIENT_INFO }
  const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params }
  const opened = await post(url, { accept: ACCEPT, ...headers }, initialize)
  const sessionId = opened.headers.get('mcp-session-id')
  if (!opened.ok || sessionId === null) {
    throw new Error(`initialize at ${url.href}: ${opened.status} ${await opened.text()}`)
  }
  await opened.body?.cancel()
  const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
  const told = await post(url, legacyHeaders(sessionId, headers), initialized)
  if (!told.ok) throw new Error(`initialized at ${url.href}: ${told.status} ${await told.text()}`)
  return sessionId
}

const legacyHeaders = (sessionId: string, headers: Headers): Headers => ({
  accept: ACCEPT,
  'mcp-protocol-version': LEGACY_VERSION,
  'mcp-session-id': sessionId,
  ...headers,
})

const callOf = (text: string) => ({ name: 'echo', arguments: { text } })

const post = (url: URL, headers: Headers, body: object): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

/** @param includes what each answer holds; default: the text sent */
function variants(
  request: (id: number, text: string) => string,
  includes?: readonly string[],
): Exchange[] {
  return Array.from({ length: VARIANTS }, (_, index) => variant(index, request, includes))
}

function variant(
  index: number,
  request: (id: number, text: string) => string,
  includes?: readonly string[],
): Exchange {
  const id = FIRST_ID + index
  const text = `hello number ${index}.`
  return {
    request: request(id, text),
    status: 200,
    includes: [`"id":${id}`, ...(includes ?? [`"text":"${text}"`])],
  }
}
