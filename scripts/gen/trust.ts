/** The trust anchor a build embeds: `shared/trust.<env>.json` (public keys only). */
import { join } from 'node:path'
import * as z from 'zod/mini'
import type { Trust } from '#shared/identity/assertion.ts'
import { DEV, nextCommand, PRODUCTION } from '#shared/lib/next-command.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { checkJson } from './check-json.ts'
import { readIfPresent } from './write-if-changed.ts'

/** Variable that names the environment a build is for. Unset: a deploy to production. */
export const ENVIRONMENT_VARIABLE = 'MCP_EDGE_ENV'
export { DEV }

const ENVIRONMENT_NAME = /^[a-z][a-z0-9-]{0,20}$/

const trustSchema = z.object({
  anchors: z
    .array(z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }))
    .check(z.minLength(1)),
})

export const trustFile = (environment: string): string =>
  join(ROOT, 'shared', `trust.${environment}.json`)

/** @throws Stop when the build would embed no anchor: such a server could believe nobody */
export function readTrust(environment = process.env[ENVIRONMENT_VARIABLE] ?? PRODUCTION): Trust {
  if (!ENVIRONMENT_NAME.test(environment)) {
    throw new Stop(
      ENVIRONMENT_VARIABLE,
      `"${environment}" is no name of an environment.`,
      'Use lower-case letters, digits and hyphens.',
    )
  }
  const path = trustFile(environment)
  const text = readIfPresent(path)
  if (text === undefined) {
    throw new Stop(
      shown(path),
      `There is no trust anchor for "${environment}": the server could not tell the router from a stranger.`,
      environment === DEV
        ? 'Run `npm run dev` once: it makes one.'
        : `Run once: ${nextCommand(environment, 'deploy')}. It makes one, to be committed.`,
    )
  }
  const trust = checkJson(path, text, trustSchema, 'Restore the file from version control.')
  if (trust.anchors.some((anchor) => 'd' in anchor)) {
    throw new Stop(
      shown(path),
      'It holds a private key (member "d").',
      'Remove it and rotate the anchor.',
    )
  }
  return trust
}
