/** Who may keep a list, and how long: what is not the same for everybody is nobody else's (DESIGN §4.13). */
import { expect, test } from 'vitest'
import { DEFAULT_POLICY, type Policy } from '#shared/catalog/entry.ts'
import { cacheHintOf } from '#shared/gateway/modern/cache-hint.ts'
import type { ServerRecord } from '#shared/gateway/ports.ts'

const hintOf = (policy: Partial<Policy>, more: Partial<ServerRecord> = {}) =>
  cacheHintOf({
    policy: { ...DEFAULT_POLICY, ...policy },
    hasCanary: false,
    ...more,
  } as ServerRecord)
const PUBLIC = { visibility: 'public' } as const

test('a public server shows everybody the same', () => {
  expect(hintOf(PUBLIC)).toEqual({ ttlMs: 5_000, cacheScope: 'public' })
  const rules: Policy['rules'] = [{ effect: 'deny', what: { tools: ['drop'] } }]
  expect(hintOf({ ...PUBLIC, rules }).cacheScope).toBe('public')
})

test.each([
  ['is private', {}, {}],
  ['has a canary', PUBLIC, { hasCanary: true }],
  ['has rules about callers', { ...PUBLIC, rules: [{ effect: 'deny', who: {} }] }, {}],
] as const)('a list is for one caller where the server %s', (_, policy, more) => {
  expect(hintOf(policy as Partial<Policy>, more)).toEqual({ ttlMs: 5_000, cacheScope: 'private' })
})

test.each([
  ['is strict', { ...PUBLIC, strict: true }, {}],
  ['is rebuilt as it is edited', PUBLIC, { ttlMs: 0 }],
] as const)('nobody keeps a list where the server %s', (_, policy, more) => {
  expect(hintOf(policy, more)).toEqual({ ttlMs: 0, cacheScope: 'private' })
})
