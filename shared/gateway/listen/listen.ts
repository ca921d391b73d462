/**
 * `subscriptions/listen` (2026-07-28 basic/patterns/subscriptions): the answer is
 * a stream that says first what of the asked-for is honoured, then notifications
 * of just that, each with the subscription's id. No replay after a reconnect: a
 * client lists anew when it listens anew.
 */
import { type JsonObject, isObject } from '../../protocol/jsonrpc.ts'
import type { RequestId } from '../../protocol/request-id.ts'
import { errorResponse, invalidParams, SERVER_ERROR } from '../../protocol/errors.ts'
import { SUBSCRIPTION_ID_KEY } from '../../protocol/revisions/2026-07-28/envelope.ts'
import type { ModernRequest } from '../../protocol/revisions/2026-07-28/ladder.ts'
import { listenResult, successJson } from '../../protocol/revisions/2026-07-28/results.ts'
import { declaresTasks } from '../../protocol/revisions/2026-07-28/tasks.ts'
import { SSE_KEEP_ALIVE, sseMessage } from '../../protocol/revisions/2026-07-28/sse.ts'
import { TOPICS_PER_LISTENER_MAX } from '../../contracts/hub-limits.ts'
import { LIST_KINDS } from '../../contracts/hub-topics.ts'
import type { ServerRecord } from '../ports.ts'
import type { McpRequest } from '../mcp-request.ts'
import { ANSWER_HEADERS } from '../../protocol/answer-headers.ts'
import { freshServer } from '../modern/fresh-server.ts'
import type { AttachFailure } from './hub-attach.ts'
import { HubFeed } from './hub-feed.ts'
import { TARGET_MAX_CHARS } from '../limits.ts'
import { listenerOf, mayFollow, type Filter } from './listen-filter.ts'
import { Listening } from './listening.ts'
import { eventStream } from './stream.ts'
import { ownTasks } from '../tasks/methods.ts'

export async function listen(stale: McpRequest, message: ModernRequest): Promise<Response> {
  const mcp = { ...stale, server: await freshServer(stale) }
  const { id, params, meta } = message
  const asked = params['notifications']
  if (!isFilter(asked)) {
    const text =
      "Invalid params: 'notifications' is required and must be a valid SubscriptionFilter"
    return errorResponse(id, invalidParams(text), ANSWER_HEADERS)
  }
  const asNamed = honoured(mcp, asked, declaresTasks(meta))
  const filter = { ...asNamed, tasks: await ownTasks(mcp, asNamed.tasks) }
  const gone = new AbortController()
  const { caller, gateway, server } = mcp
  const listener = await listenerOf(server.name, caller, filter)
  const feed = new HubFeed({ hubs: gateway.hubs, listener, gone: gone.signal })
  const opened = await feed.open()
  if (!opened.ok) return refusal(id, opened.failure)
  const listening = new Listening({ mcp, feed, filter, shown: stale.server })
  return eventStream(mcp.request, events(mcp, id, filter, listening), gone)
}

interface AskedFilter {
  readonly toolsListChanged?: boolean
  readonly promptsListChanged?: boolean
  readonly resourcesListChanged?: boolean
  readonly resourceSubscriptions?: readonly string[]
  readonly taskIds?: readonly string[]
}

const isTexts = (value: unknown): boolean =>
  value === undefined ||
  (Array.isArray(value) && value.every((item: unknown) => typeof item === 'string'))

/** Keys nobody knows are not honoured, which is no error. */
function isFilter(asked: unknown): asked is AskedFilter {
  if (!isObject(asked)) return false
  const flags = LIST_KINDS.map((kind) => asked[`${kind}ListChanged`])
  return (
    flags.every((flag) => flag === undefined || typeof flag === 'boolean') &&
    isTexts(asked['resourceSubscriptions']) &&
    isTexts(asked['taskIds'])
  )
}

/** What this server has, this caller may know of, and the bounds let in. */
function honoured(
  { server, caller }: McpRequest,
  asked: AskedFilter,
  mayAskTasks: boolean,
): Filter {
  const { capabilities } = server.compiled
  const some = (texts: readonly string[] = []): string[] =>
    [...new Set(texts)].filter(isNotTooLong).slice(0, TOPICS_PER_LISTENER_MAX)
  return {
    lists: new Set(
      LIST_KINDS.filter((kind) => asked[`${kind}ListChanged`] && capabilities[kind] !== undefined),
    ),
    resources: new Set(
      some(asked.resourceSubscriptions).filter((uri) => mayFollow(server, caller, uri)),
    ),
    tasks: new Set(mayAskTasks && offersTasks(server) ? some(asked.taskIds) : []),
  }
}

const isNotTooLong = (text: string): boolean => text.length <= TARGET_MAX_CHARS

const offersTasks = ({ compiled }: ServerRecord): boolean => {
  const { extensions } = compiled.capabilities
  return extensions !== undefined
}

async function* events(
  mcp: McpRequest,
  id: RequestId,
  filter: Filter,
  listening: Listening,
): AsyncGenerator<string, void, undefined> {
  const say = (method: string, params: JsonObject = {}): string => {
    const tagged = { ...params, _meta: { ...metaOf(params), [SUBSCRIPTION_ID_KEY]: id } }
    return sseMessage(JSON.stringify({ jsonrpc: '2.0', method, params: tagged }))
  }
  yield say('notifications/subscriptions/acknowledged', { notifications: wireOf(filter) })
  for await (const told of listening.told()) {
    yield told.kind === 'alive' ? SSE_KEEP_ALIVE : say(told.method, told.params)
  }
  // Over for good reason or none: the client that still wants to know listens again.
  const { serverInfo } = mcp.server.compiled.entry.definitions
  yield sseMessage(successJson(id, listenResult(id, serverInfo)))
}

const metaOf = ({ _meta: meta }: JsonObject): JsonObject => (isObject(meta) ? meta : {})

function wireOf({ lists, resources, tasks }: Filter): JsonObject {
  return {
    ...Object.fromEntries([...lists].map((kind) => [`${kind}ListChanged`, true])),
    ...(resources.size > 0 ? { resourceSubscriptions: [...resources] } : {}),
    ...(tasks.size > 0 ? { taskIds: [...tasks] } : {}),
  }
}

const REFUSALS = {
  too_many: [429, 'You have as many streams open on this server as you may; close one'],
  full: [503, 'This server has as many listeners as it may; retry later'],
  unreachable: [503, 'Nothing can be listened to right now; retry in a few seconds'],
} as const
const RETRY_AFTER_SECONDS = '30'

/** The same in both eras. */
export function refusal(id: RequestId | null, { reason }: AttachFailure): Response {
  const [status, message] = REFUSALS[reason]
  const failure = { status, code: SERVER_ERROR, message }
  return errorResponse(id, failure, { ...ANSWER_HEADERS, 'retry-after': RETRY_AFTER_SECONDS })
}
