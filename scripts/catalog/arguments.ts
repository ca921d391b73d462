/** What stands behind a command: options of all of them, and JSON from the line, a file or stdin. */
import { readFileSync } from 'node:fs'
import { DEV, type Place } from '#shared/lib/next-command.ts'
import { parseCommand } from '../command-line.ts'
import { YES_OPTION } from '../deploy/confirm.ts'
import { Stop } from '../stop.ts'

export const OPTIONS = {
  env: { type: 'string' },
  url: { type: 'string' },
  token: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false, short: 'h' },
  ...YES_OPTION,
  note: { type: 'string' },
  label: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  percent: { type: 'string' },
  client: { type: 'string', multiple: true, default: [] as string[] },
  override: { type: 'string' },
  script: { type: 'boolean', default: false },
  'code-version': { type: 'string' },
  'max-error-percent': { type: 'string' },
  'min-calls': { type: 'string' },
  'max-p95-ms': { type: 'string' },
  tenant: { type: 'string' },
  group: { type: 'string', multiple: true, default: [] as string[] },
  scope: { type: 'string', multiple: true, default: [] as string[] },
  limit: { type: 'string' },
  before: { type: 'string' },
  server: { type: 'string' },
  revision: { type: 'string', multiple: true, default: [] as string[] },
  eval: { type: 'string' },
  'start-over': { type: 'boolean', default: false },
  distrust: { type: 'boolean', default: false },
  'min-recall-at-1': { type: 'string' },
  'min-recall-at-5': { type: 'string' },
} as const

const COMMAND = 'npm run catalog'

export type Values = ReturnType<typeof parse>['values']

/** @throws Stop for an option nobody knows */
export function parse(args?: string[]) {
  const config = { allowPositionals: true, options: OPTIONS, ...(args ? { args } : {}) } as const
  return parseCommand(COMMAND, config)
}

/** Which platform was meant, for a command that is recommended. */
export const placeOf = ({ env = DEV, url }: Pick<Values, 'env' | 'url'>): Place => ({ env, url })

export function misused(what: string): Stop {
  return new Stop(COMMAND, what, 'See `npm run catalog -- --help`.')
}

/** @param text JSON, `@file`, or `-` for standard input */
export function jsonOf(text: string): unknown {
  const source = text === '-' ? 0 : text.startsWith('@') ? text.slice(1) : undefined
  try {
    return JSON.parse(source === undefined ? text : readFileSync(source, 'utf8'))
  } catch (error) {
    const where = typeof source === 'string' ? source : 'What was given'
    throw misused(`${where} is not JSON: ${error instanceof Error ? error.message : ''}`)
  }
}

export function numberOf(option: keyof Values, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) throw misused(`--${option} wants a number.`)
  return number
}

/** Members that are `undefined` are left out. */
export const defined = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
