/**
 * The life of an MCP request. Two callers have a door to it: the router over HTTP, the
 * authors' test client in memory.
 *
 *   authenticate → resolve → (era) → decide → limit → dispatch → record
 *
 * The era is decided by the header first; a body that claims another one is refused,
 * so no two parts of the platform can read one request differently. Lists and
 * discovery end before `dispatch`: they are answered from the catalog.
 */
import type { Lifetime } from '../lib/lifetime.ts'
import { VERSION_HEADER } from '../protocol/headers.ts'
import { unauthorized } from './authenticate/auth-failure.ts'
import { withDpopNonce } from './authenticate/dpop-nonce.ts'
import { eraOf } from './era.ts'
import { handleLegacyEra } from './legacy/door.ts'
import { handleModernEra } from './modern/door.ts'
import { plainError } from './plain-error.ts'
import type { Gateway } from './ports.ts'
import { resolve } from './resolve.ts'
import { refuseVersion } from './unsupported-version.ts'

/**
 * @param name of the server, well-formed
 * @throws CatalogUnavailable when neither snapshot nor Catalog answers
 */
export async function handleMcp(
  request: Request,
  name: string,
  gateway: Gateway,
  lifetime: Lifetime,
): Promise<Response> {
  const nowSeconds = Math.floor(gateway.clock.nowMs() / 1000)
  const response = await answer(request, name, gateway, lifetime, nowSeconds)
  return withDpopNonce(request, response, gateway, nowSeconds)
}

async function answer(
  request: Request,
  name: string,
  gateway: Gateway,
  lifetime: Lifetime,
  nowSeconds: number,
): Promise<Response> {
  const authenticated = await gateway.authenticator.authenticate(request, name, nowSeconds)
  if (!authenticated.ok) return unauthorized(request, gateway, name, authenticated.failure)
  const resolved = await resolve(name, authenticated.value, gateway, lifetime)
  if (!resolved.ok) {
    const { failure } = resolved
    return failure.reason === 'hidden'
      ? hidden()
      : unauthorized(request, gateway, name, failure.failure)
  }
  const { caller } = authenticated.value
  const mcp = { request, gateway, lifetime, caller, ...resolved.value, nowSeconds }
  switch (eraOf(request.headers.get(VERSION_HEADER))) {
    case 'modern':
      return handleModernEra(mcp)
    case 'legacy':
      return handleLegacyEra(mcp)
    case 'unsupported':
      return refuseVersion(request)
  }
}

const hidden = (): Response =>
  plainError(404, 'unknown_server', 'There is no such server, or it is not for you')
