/**
 * `deploy.<env>.json`: what one deployed platform is, written by the first
 * `npm run deploy` and edited by the operator; committed, holds no secret.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { nextCommand } from '#shared/next-command.ts'
import { checkJson } from '../gen/check-json.ts'
import { readIfPresent, writeIfChanged } from '../gen/write-if-changed.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { checkServersForm, serversForm, type ServersForm } from './servers-form.ts'

const REMEDY = 'See docs/deploying.md for what the file may hold.'

const settingsSchema = z.strictObject({
  /** Exact origin clients use. */
  publicOrigin: z.string(),
  /** Origin of the authorization server; the public origin unless set. */
  issuer: z.optional(z.string()),
  /** `bindings`, `namespace:<name>`, or a URL template with {name}. */
  servers: z.string(),
  /** Folders of workers/ that are not deployed. */
  leaveOut: z.optional(z.array(z.string())),
  /** Variables of the platform's Workers that differ from their wrangler.toml. */
  vars: z.optional(
    z.strictObject({
      router: z.optional(z.record(z.string(), z.string())),
      oauth: z.optional(z.record(z.string(), z.string())),
      objects: z.optional(z.record(z.string(), z.string())),
    }),
  ),
})

export interface DeploySettings {
  readonly env: string
  readonly publicOrigin: string
  readonly issuer: string
  readonly servers: ServersForm
  readonly leaveOut: readonly string[]
  readonly vars: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>
}

/** For the official test suite: of no use to anybody else. */
const FIXTURES: readonly string[] = ['conformance']

/** What the command line says; kept in the file from then on. */
export interface SettingsFlags {
  readonly origin?: string | undefined
  readonly servers?: string | undefined
}

export const settingsFile = (env: string): string => join(ROOT, `deploy.${env}.json`)

/**
 * @param write whether flags change the file (a dry run leaves it)
 * @throws Stop when there is no file and no `--origin`, or something in it cannot be deployed
 */
export function readSettings(
  env: string,
  flags: SettingsFlags = {},
  write = false,
): DeploySettings {
  const path = settingsFile(env)
  const text = readIfPresent(path)
  const stored = text === undefined ? undefined : checkJson(path, text, settingsSchema, REMEDY)
  const publicOrigin = flags.origin ?? stored?.publicOrigin
  if (publicOrigin === undefined) throw noOrigin(path, env)
  const servers = flags.servers ?? stored?.servers ?? 'bindings'
  const leaveOut = stored ? (stored.leaveOut ?? []) : FIXTURES
  const file = { ...stored, publicOrigin, servers, leaveOut }
  const settings: DeploySettings = {
    env,
    publicOrigin: originOf(path, 'publicOrigin', publicOrigin),
    issuer: originOf(path, 'issuer', stored?.issuer ?? publicOrigin),
    servers: serversForm(path, servers),
    leaveOut,
    vars: stored?.vars ?? {},
  }
  checkServersForm(path, env, settings.servers)
  if (write) writeIfChanged(path, `${JSON.stringify(file, null, 2)}\n`)
  return settings
}

/**
 * For commands about a platform that is there already.
 *
 * @param here how they do the same to the one on this machine
 * @throws Stop when it was never deployed from this checkout
 */
export function readDeployedSettings(env: string, here: string): DeploySettings {
  const path = settingsFile(env)
  if (existsSync(path)) return readSettings(env)
  const deploy = nextCommand(env, 'deploy', '--origin', 'https://…')
  throw new Stop(
    shown(path),
    `There is no such file: "${env}" was never deployed from this checkout.`,
    `On this machine: ${here}.\n    On Cloudflare, first: ${deploy}`,
  )
}

function noOrigin(path: string, env: string): Stop {
  const deploy = nextCommand(env, 'deploy', '--origin', 'https://mcp.example.com')
  return new Stop(
    shown(path),
    `There is no such file yet: where will clients find the platform?`,
    `Say it once: ${deploy}
    (a domain of the account), or --origin https://mcp-edge-router.<you>.workers.dev`,
  )
}

const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost'])

export const isLoopback = (origin: string): boolean => LOOPBACK_HOSTS.has(new URL(origin).hostname)

function originOf(path: string, member: string, text: string): string {
  const url = URL.parse(text)
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(text))
  if (secure && url.origin === text) return text
  throw new Stop(
    shown(path),
    `${member}: "${text}" is no https origin.`,
    'Write scheme and host alone, e.g. https://mcp.example.com',
  )
}
