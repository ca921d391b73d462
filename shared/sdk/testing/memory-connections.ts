/**
 * Accounts at other services, for tests of authors: a function answers where the
 * service would. Does NOT keep to hosts or hold tokens: that is the platform's.
 */
import type { ConnectionAccess } from '../../services/connections.ts'
import { fail, ok } from '../../lib/result.ts'
import type { ConnectionFailure } from '../../contracts/entrypoints.ts'

export type TestServices = Readonly<
  Record<string, (request: Request) => Response | Promise<Response>>
>

export function linkedTo(services: TestServices): ConnectionAccess {
  const failure = (subject: string, service: string): ConnectionFailure =>
    subject === 'anonymous'
      ? { reason: 'anonymous' }
      : { reason: 'not_linked', link: `https://test.invalid/oauth/connections/${service}` }
  const serviceFor = (subject: string, service: string) =>
    subject !== 'anonymous' && Object.hasOwn(services, service) ? services[service] : undefined
  return {
    check: async ({ subject }, service) =>
      serviceFor(subject, service) ? ok(undefined) : fail(failure(subject, service)),
    async fetch({ subject }, service, { url, method, headers, body }) {
      const answer = serviceFor(subject, service)
      if (!answer) return fail(failure(subject, service))
      const init = {
        method,
        headers: headers.map(([name, value]): [string, string] => [name, value]),
      }
      return ok(
        await answer(new Request(url, { ...init, ...(body === undefined ? {} : { body }) })),
      )
    },
  }
}
