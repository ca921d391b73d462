/**
 * What PLATFORM does with people's accounts at upstream services: whose account is
 * meant says the capability, whether this server may use it says the operator.
 */
import type { Capability } from '../identity/capability.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import type {
  ConnectionFailure,
  ConnectionOwner,
  ConnectionRequest,
  Connections,
  Rpc,
} from '../contracts/entrypoints.ts'
import type { ConnectionConfig, Provider } from './connection-config.ts'
import { fetchUpstream } from './connection-fetch.ts'
import { linkFor } from '../contracts/connection-link.ts'

export interface ConnectionAccess {
  check(capability: Capability, service: string): Promise<Result<void, ConnectionFailure>>
  fetch(
    capability: Capability,
    service: string,
    request: ConnectionRequest,
  ): Promise<Result<Response, ConnectionFailure>>
}

export function createConnectionAccess(
  config: () => ConnectionConfig,
  objectOf: (owner: ConnectionOwner) => Rpc<Connections>,
): ConnectionAccess {
  function providerFor(
    { server, subject }: Capability,
    service: string,
  ): Result<Provider, ConnectionFailure> {
    const provider = config().providers.get(service)
    if (!provider || provider.servers?.includes(server) === false)
      return fail({ reason: 'unknown' })
    const { title } = provider
    return subject === 'anonymous' ? fail({ reason: 'anonymous', title }) : ok(provider)
  }

  return {
    async check(capability, service) {
      const provider = providerFor(capability, service)
      if (!provider.ok) return provider
      const owner = ownerOf(capability, service)
      const status = await objectOf(owner).status(owner)
      if (status?.linkedAtSeconds !== undefined) return ok(undefined)
      return explained(fail({ reason: 'not_linked' }), provider.value, capability, service)
    },
    async fetch(capability, service, request) {
      const provider = providerFor(capability, service)
      if (!provider.ok) return provider
      const owner = ownerOf(capability, service)
      const object = objectOf(owner)
      try {
        const answer = await fetchUpstream(request, provider.value, (refused) =>
          object.token(owner, refused),
        )
        return await explained(answer, provider.value, capability, service)
      } catch {
        // What a service's failure says may hold anything; that it failed is enough.
        return fail({ reason: 'unavailable', title: provider.value.title })
      }
    },
  }
}

const ownerOf = ({ tenant, subject }: Capability, service: string): ConnectionOwner => ({
  tenant,
  subject,
  service,
})

/** A failure with what the person needs to mend it. */
async function explained<Value>(
  result: Result<Value, ConnectionFailure>,
  { title }: Provider,
  { issuer, subject }: Capability,
  service: string,
): Promise<Result<Value, ConnectionFailure>> {
  if (result.ok) return result
  const { reason } = result.failure
  const link = issuer === undefined ? {} : { link: await linkFor(issuer, service, subject) }
  return fail({ reason, title, ...(reason === 'not_linked' ? link : {}) })
}
