/**
 * The standalone stream of a 2025-era session (2025-11-25 basic/transports
 * "Listening for Messages from the Server"): `list_changed` of what the server
 * offers, `resources/updated` of what the session subscribed to.
 *
 * A client that comes back with `Last-Event-ID` is told once of what moved
 * meanwhile, and nothing is stored for it (listen-id.ts).
 */
import { openingOf, openSessionId, type LegacySession } from './session-id.ts'
import { type FeedView, isSessionOver } from '../../catalog/readers/feed-local.ts'
import { LIST_KINDS, topicKeys } from '../../contracts/hub-topics.ts'
import { sessionNotFound } from '../../protocol/revisions/2025-11-25/errors.ts'
import { SSE_KEEP_ALIVE, sseEvent, ssePriming } from '../../protocol/revisions/2025-11-25/sse.ts'
import { errorResponse, methodNotAllowed, notAcceptable } from '../../protocol/errors.ts'
import { acceptsEventStream, LAST_EVENT_ID_HEADER, SESSION_HEADER } from '../../protocol/headers.ts'
import type { HubFollow } from '../../contracts/entrypoints.ts'
import type { ServerRecord } from '../ports.ts'
import type { McpRequest } from '../mcp-request.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { freshServer } from '../modern/fresh-server.ts'
import { HubFeed } from '../listen/hub-feed.ts'
import { followedBy } from './subscribe.ts'
import { refusal } from '../listen/listen.ts'
import { listenerOf, type Filter } from '../listen/listen-filter.ts'
import { differingLists, listenId, printsOf, readListenId } from '../listen/listen-id.ts'
import { Listening } from '../listen/listening.ts'
import { eventStream } from '../listen/stream.ts'

/** Since then clients take an event without data (SEP-1699). */
const PRIMING_SINCE = '2025-11-25'

const NO_STREAM = { ...ANSWER_HEADERS, allow: 'POST, DELETE' }

/** GET. Without a session nothing can be pushed: 405. */
export async function handleLegacyGet(mcp: McpRequest): Promise<Response> {
  const { headers } = mcp.request
  const sessionId = headers.get(SESSION_HEADER)
  if (sessionId === null) return errorResponse(null, methodNotAllowed(), NO_STREAM)
  const session = await sessionOf(mcp, sessionId)
  if (!session) return errorResponse(null, sessionNotFound(), ANSWER_HEADERS)
  if (!acceptsEventStream(headers.get('accept'))) {
    return errorResponse(null, notAcceptable('text/event-stream'), ANSWER_HEADERS)
  }
  const fresh = { ...mcp, server: await freshServer(mcp) }
  return listenToServer(fresh, session, mcp.server)
}

async function sessionOf(mcp: McpRequest, text: string): Promise<LegacySession | undefined> {
  const { gateway, caller, server, feed, nowSeconds } = mcp
  const owner = { principal: caller.principal, server: server.name }
  const session = await openSessionId(await gateway.sessionSealKeys(), text, owner, nowSeconds)
  return session && !isSessionOver(feed.view, openingOf(session)) ? session : undefined
}

async function listenToServer(
  mcp: McpRequest,
  session: LegacySession,
  known: ServerRecord,
): Promise<Response> {
  const { request, caller, gateway, server } = mcp
  const { capabilities } = server.compiled
  const filter: Filter = {
    lists: new Set(LIST_KINDS.filter((kind) => capabilities[kind] !== undefined)),
    resources: new Set(),
    tasks: new Set(),
  }
  const gone = new AbortController()
  const listener = await listenerOf(server.name, caller, filter, session.id)
  // A server without resources has none to follow, so its sessions cost no look.
  const follows = capabilities.resources ? { follows: () => follow(mcp, session, filter) } : {}
  const last = readListenId(request.headers.get(LAST_EVENT_ID_HEADER))
  const feed = new HubFeed(
    { hubs: gateway.hubs, listener, gone: gone.signal, ...follows },
    last?.at,
  )
  const opened = await feed.open()
  if (!opened.ok) return refusal(null, opened.failure)
  const isOver = (view: FeedView): boolean =>
    isSessionOver(view, openingOf(session)) || session.expiresAtSeconds <= Date.now() / 1000
  // A client that says where it was is told of the difference to now; any other, of what comes.
  const shown = last ? server : known
  const listening = new Listening({ mcp, feed, filter, shown, isOver })
  const changed = last ? differingLists(last.prints, printsOf(server, caller)) : []
  const missed = listening.missed(changed, opened.value)
  return eventStream(request, events(mcp, session, feed, listening, missed), gone)
}

/** What the session follows as of now: for the hub, and for this stream. */
async function follow(
  { gateway, caller }: McpRequest,
  session: LegacySession,
  filter: Filter,
): Promise<HubFollow> {
  const { revision, uris } = await followedBy(gateway, caller.principal, session.id)
  filter.resources = new Set(uris)
  return { revision, topics: await topicKeys('resource', uris) }
}

async function* events(
  { caller }: McpRequest,
  { version }: LegacySession,
  feed: HubFeed,
  listening: Listening,
  missed: ReturnType<Listening['missed']>,
): AsyncGenerator<string, void, undefined> {
  const id = (): string => listenId(feed.at ?? '', printsOf(listening.shown, caller))
  if (version >= PRIMING_SINCE) yield ssePriming(id())
  else yield SSE_KEEP_ALIVE
  for (const source of [missed, listening.told()]) {
    for await (const told of source) {
      if (told.kind === 'alive') yield SSE_KEEP_ALIVE
      else {
        const { method, params } = told
        yield sseEvent(id(), JSON.stringify({ jsonrpc: '2.0', method, ...(params && { params }) }))
      }
    }
  }
}
