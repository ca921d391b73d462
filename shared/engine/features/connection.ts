/**
 * `connection`: a person's account at another service, through PLATFORM. Asks the
 * person to link one where there is none, by URL elicitation if the client offers
 * it (2026-07-28 client/elicitation), else by an error that names the page.
 */
import type { ConnectionFailure, ConnectionRequest } from '../../contracts/entrypoints.ts'
import type { Connection, ConnectionInit } from '../author/connection.ts'
import { ToolError } from '../author/error.ts'
import type { Feature } from './feature.ts'
import { linkOf, type Link } from './platform-link.ts'
import type { PlatformPart, RunScope } from '../run/run-model.ts'

async function connectionOf(run: RunScope, service: string): Promise<Connection> {
  const link = linkOf(run.input, 'connection')
  const asked = await link.platform.connection(link.capability, service)
  if (asked.ok) return { fetch: (url, init = {}) => send(link, service, url, init) }
  const { failure } = asked
  if (failure.reason !== 'not_linked' || failure.link === undefined || !run.asksPages) {
    throw errorOf(service, failure)
  }
  const { action } = await run.askPage(
    `connection:${service}`,
    `${run.input.work.name} needs your ${failure.title ?? service} account. Link it on this page, once.`,
    { url: failure.link },
  )
  // Whatever was said: the run begins anew after an answer, so it is still not linked.
  throw errorOf(service, failure, action === 'accept' ? 'It is not linked yet. ' : '')
}

async function send(
  { platform, capability }: Link,
  service: string,
  url: string | URL,
  { method = 'GET', headers = {}, body }: ConnectionInit,
): Promise<Response> {
  const request: ConnectionRequest = {
    url: String(url),
    method,
    headers: Object.entries(headers),
    ...(body === undefined ? {} : { body }),
  }
  const answer = await platform.connectionFetch(capability, service, request)
  if (answer.ok) return answer.value
  throw errorOf(service, answer.failure)
}

/** An operator's or author's mistake is masked; the rest the model passes on to its person. */
function errorOf(
  service: string,
  { reason, title = service, link }: ConnectionFailure,
  first = '',
): Error {
  switch (reason) {
    case 'not_linked': {
      const where = link ? `Ask the user to open ${link}` : 'Ask the user to link it'
      return new ToolError(`${first}This needs the user's ${title} account.`, {
        code: 'connection_required',
        hint: `${where}, then call again.`,
      })
    }
    case 'anonymous':
      return new ToolError(`This needs the user's ${title} account, and nobody is signed in.`, {
        code: 'connection_required',
        hint: 'Ask the user to sign in to this server first.',
      })
    case 'unavailable':
      return new ToolError(`${title} cannot be reached right now.`, {
        code: 'connection_unavailable',
        retryable: true,
      })
    case 'unknown':
      return new Error(`connection("${service}"): no such service is configured for this server`)
    case 'not_allowed':
      return new Error(`connection("${service}"): not a request to one of its hosts, or too large`)
    case 'refused':
      return new Error(`PLATFORM refused connection("${service}")`)
  }
}

/** For the generated entry of a server whose tools use it. */
export const connections: Feature = Object.assign(() => ({}), {
  platform: {
    members: (run: RunScope) => ({ connection: (service: string) => connectionOf(run, service) }),
  } satisfies PlatformPart,
})
