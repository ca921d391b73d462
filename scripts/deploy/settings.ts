/**
 * `deploy.<env>.json`: what one deployed platform is, written by the first
 * `npm run deploy` and edited by the operator; committed, holds no secret.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { nextCommand } from '#shared/lib/next-command.ts'
import { checkJson } from '../gen/check-json.ts'
import { readIfPresent, writeIfChanged } from '../gen/write-if-changed.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { checkServersForm, formText, serversForm, type ServersForm } from './servers-form.ts'

const REMEDY = 'See docs/deploying.md for what the file may hold.'

const settingsSchema = z.strictObject({
  /** Exact origin clients use. */
  publicOrigin: z.string(),
  /** Origin of the authorization server; the public origin unless set. */
  issuer: z.optional(z.string()),
  /** `bindings`, `namespace:<name>`, or a URL template with {name}. */
  servers: z.string(),
  /** The Cloudflare account it is on; set by the first deploy. */
  accountId: z.optional(z.string()),
  /** The form before, while Workers of it are still to be removed; kept by `npm run deploy`. */
  movedFrom: z.optional(z.string()),
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

type SettingsFile = z.infer<typeof settingsSchema>

/** A change of the form of SERVERS that has not ended. */
export interface Moving {
  readonly from: ServersForm
  /** The router goes by the new form, and settings name it; what is left is tidying up. */
  readonly switched: boolean
}

export interface DeploySettings {
  readonly env: string
  readonly publicOrigin: string
  readonly issuer: string
  readonly servers: ServersForm
  readonly leaveOut: readonly string[]
  readonly vars: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>
  /** Unknown before its first deploy, and after one of a release that did not keep it. */
  readonly accountId?: string
  readonly moving?: Moving
}

/** For the official test suite: of no use to anybody else. */
const FIXTURES: readonly string[] = ['conformance']

/** What the command line says; kept in the file once it was deployed. */
export interface SettingsFlags {
  readonly origin?: string | undefined
  readonly servers?: string | undefined
}

export const settingsFile = (env: string): string => join(ROOT, `deploy.${env}.json`)

/**
 * The settings a command goes by. Writes nothing: see {@link keepSettings}.
 *
 * @throws Stop when there is no file and no `--origin`, or something in it cannot be deployed
 */
export function readSettings(env: string, flags: SettingsFlags = {}): DeploySettings {
  const path = settingsFile(env)
  const stored = readFile(path)
  const publicOrigin = flags.origin ?? stored?.publicOrigin
  if (publicOrigin === undefined) throw noOrigin(path, env)
  const servers = serversForm(path, flags.servers ?? stored?.servers ?? 'bindings')
  checkServersForm(path, env, servers)
  const moving = stored && movingOf(path, env, stored, servers)
  return {
    env,
    publicOrigin: originOf(path, 'publicOrigin', publicOrigin),
    issuer: originOf(path, 'issuer', stored?.issuer ?? publicOrigin),
    servers,
    leaveOut: stored ? (stored.leaveOut ?? []) : FIXTURES,
    vars: stored?.vars ?? {},
    ...(stored?.accountId === undefined ? {} : { accountId: stored.accountId }),
    ...(moving ? { moving } : {}),
  }
}

const readFile = (path: string): SettingsFile | undefined => {
  const text = readIfPresent(path)
  return text === undefined ? undefined : checkJson(path, text, settingsSchema, REMEDY)
}

function movingOf(
  path: string,
  env: string,
  { servers, movedFrom }: SettingsFile,
  wanted: ServersForm,
): Moving | undefined {
  const changes = formText(wanted) !== servers
  if (movedFrom === undefined) {
    return changes ? { from: serversForm(path, servers), switched: false } : undefined
  }
  if (!changes) return { from: serversForm(path, movedFrom), switched: true }
  throw new Stop(
    shown(path),
    `Workers of the form before ("${movedFrom}") are still to be removed.`,
    `Run first, without --servers: ${nextCommand(env, 'deploy')}`,
  )
}

/** What a command found out or was told, for the file. */
export interface KeptSettings {
  readonly accountId: string
  readonly moving?: Moving | undefined
}

/** @returns whether the file does not say so yet */
export const isUnkept = (settings: DeploySettings, kept: KeptSettings): boolean =>
  keptText(settings, kept) !== readIfPresent(settingsFile(settings.env))

/** Writes what was deployed: a first deploy before it begins, every other once it has ended. */
export function keepSettings(settings: DeploySettings, kept: KeptSettings): void {
  writeIfChanged(settingsFile(settings.env), keptText(settings, kept))
}

function keptText(
  { env, publicOrigin, servers, leaveOut }: DeploySettings,
  { accountId, moving }: KeptSettings,
): string {
  const { movedFrom: _, ...stored } = readFile(settingsFile(env)) ?? {}
  const file = {
    ...stored,
    publicOrigin,
    servers: formText(servers),
    accountId,
    ...(moving ? { movedFrom: formText(moving.from) } : {}),
    leaveOut,
  }
  return `${JSON.stringify(file, null, 2)}\n`
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
