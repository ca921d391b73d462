/** A server built for a test, as the generator builds it: pinned, compiled, with every feature. */
import type { SigningKey } from '../../identity/assertion.ts'
import { deriveSealKeys, type SealKeys } from '../../identity/seal.ts'
import type { Definitions } from '../../catalog/entry.ts'
import { compileServer, type CompiledServer } from '../../catalog/list.ts'
import { PLATFORM_USES } from '../../catalog/platform-uses.ts'
import { applyTuning, NO_TUNING, type Tuning } from '../../catalog/tuning.ts'
import type { Built } from '../../engine/built.ts'
import { completions } from '../../engine/features/completions.ts'
import { pin } from '../../engine/pin.ts'
import { attachments } from '../../engine/features/attach.ts'
import { connections } from '../../engine/features/connection.ts'
import { platform } from '../../engine/features/platform.ts'
import { handles } from '../../engine/features/state.ts'
import { prompts } from '../../engine/features/prompts.ts'
import { resources } from '../../engine/features/resources.ts'
import { serve, type ServerWorker } from '../../engine/serve.ts'
import { definitionsOf } from '../../engine/author/definitions.ts'
import { defineServer, type ServerOptions } from '../../engine/author/server.ts'
import { makeSealSecrets, makeTrust } from './trust.ts'

/** The server's name in SERVERS while it is tested. */
export const TESTED_NAME = 'tested'

const keys = makeTrust()

export const signingKey = async (): Promise<SigningKey> => (await keys).key
const sealSecrets = makeSealSecrets()

export const sealKeysOf = (purpose: string): Promise<SealKeys> =>
  deriveSealKeys(sealSecrets, purpose)

export interface TestedServer {
  readonly definitions: Definitions
  readonly compiled: CompiledServer
  readonly built: Built
  readonly worker: ServerWorker
}

export interface TestedOptions {
  /** What an operator changed of the server, aliases included. */
  readonly overrides?: Tuning | undefined
  /** Its `policy.json`, which the build embeds. */
  readonly policyFile?: Built['policy']
}

/**
 * @throws TypeError with the remedy, for a server that could not be built either
 */
export async function startServer(
  options: ServerOptions,
  { overrides = NO_TUNING, policyFile }: TestedOptions = {},
): Promise<TestedServer> {
  const server = defineServer(options)
  const definitions = definitionsOf(server, TESTED_NAME)
  const { trust } = await keys
  const embedded = policyFile ? { policy: policyFile } : {}
  const built = await pin(definitions, { name: TESTED_NAME, build: 'test', trust, ...embedded })
  const shown = applyTuning(usingEverything(definitions), overrides)
  const entry = { name: TESTED_NAME, digest: built.digest, ...shown, emptied: [...shown.emptied] }
  const compiled = compileServer(entry)
  return {
    definitions,
    compiled,
    built,
    worker: serve(
      server,
      built,
      prompts,
      resources,
      completions,
      platform,
      handles,
      attachments,
      connections,
    ),
  }
}

/** Only the generator reads which tools use what of PLATFORM: here each may use all of it. */
const usingEverything = (definitions: Definitions): Definitions => ({
  ...definitions,
  tools: definitions.tools.map((tool) => ({ ...tool, uses: [...PLATFORM_USES] })),
})
