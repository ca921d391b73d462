/** What a server says of itself, to the platform only; callers ask the router, which knows policy. */
import type { Definitions, ServerDescription } from '../catalog/entry.ts'
import { discoverResult, successResponse } from '../protocol/revisions/2026-07-28/results.ts'
import { MODERN_VERSION } from '../protocol/versions.ts'
import { DESCRIPTION_META_KEY } from '../contracts/inner-wire.ts'
import type { Call } from './respond.ts'

/** `server/discover`, with the description in its `_meta`. */
export function describe(call: Call): Response {
  const { digest, build, policy, definitionsJson } = call.compiled.built
  const definitions = JSON.parse(definitionsJson) as Definitions
  const description: ServerDescription = {
    digest,
    build,
    definitions,
    ...(policy === undefined ? {} : { policy }),
  }
  return successResponse(
    call.message.id,
    discoverResult({
      serverInfo: definitions.serverInfo,
      capabilities: { tools: {} },
      supportedVersions: [MODERN_VERSION],
      instructions: definitions.instructions,
      meta: { [DESCRIPTION_META_KEY]: description },
    }),
  )
}
