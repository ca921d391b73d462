/** API keys for an operator's eyes. */
import type { ApiKey } from '#shared/contracts/entrypoints.ts'
import { table } from '../table.ts'

const HEADINGS = ['id', 'name', 'acts as', 'servers', 'scopes', 'ends', 'last used']

export function apiKeyTable(keys: readonly ApiKey[], nowSeconds = Date.now() / 1000): string {
  if (keys.length === 0) return 'There are no API keys.'
  return table([HEADINGS, ...keys.map((key) => cellsOf(key, nowSeconds))])
}

function cellsOf(key: ApiKey, nowSeconds: number): string[] {
  return [
    key.id,
    key.name,
    `${key.tenant}/${key.subject}`,
    key.servers.join(' ') || 'all',
    key.scopes.join(' ') || '-',
    endOf(key, nowSeconds),
    key.lastUsedAtSeconds === undefined ? 'never' : day(key.lastUsedAtSeconds),
  ]
}

function endOf({ revokedAtSeconds, expiresAtSeconds, rotatedTo }: ApiKey, now: number): string {
  if (revokedAtSeconds !== undefined) return `revoked ${day(revokedAtSeconds)}`
  const end = expiresAtSeconds > now ? day(expiresAtSeconds) : `expired ${day(expiresAtSeconds)}`
  return rotatedTo === undefined ? end : `${end} (now ${rotatedTo})`
}

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)
