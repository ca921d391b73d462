/**
 * Nothing remembered, nothing read: a warm stateless call touches no object and no
 * KV key, in either era (DESIGN §4.2). Counted around the real bundles on workerd.
 */
import { beforeAll, expect, test } from 'vitest'
import { oauthAgents } from '../../scripts/bench/targets/oauth-agents.ts'
import { platform } from '../../scripts/bench/targets/platform.ts'
import { countRows, type RowCounts } from '../../scripts/cost/measure.ts'
import { devSecrets } from '../../scripts/dev-secrets.ts'
import { useDevEnvironment } from '../../scripts/environment.ts'

beforeAll(async () => {
  useDevEnvironment()
  await devSecrets()
})

/** The feed is read every few seconds, whatever is called: one in a hundred calls may meet that. */
const UPKEEP_PER_CALL = 0.05

const busyOperations = ({ perCall }: RowCounts): string[] =>
  Object.entries(perCall)
    .filter(([, times]) => times >= UPKEEP_PER_CALL)
    .map(([operation]) => operation)

const WARM_ROWS = ['platform', 'platform-public', 'platform-session', 'platform-list-100']

test('warm calls and lists of both eras do no billable operation', async () => {
  const counted = await countRows(platform, new Set(WARM_ROWS))
  expect(counted.map((row) => [row.id, busyOperations(row)])).toEqual(
    WARM_ROWS.map((id) => [id, []]),
  )
})

test('the counter counts: the same call behind OAuthProvider reads KV every time', async () => {
  const [row] = await countRows(oauthAgents, new Set(['oauth-agents']))
  expect(row?.perCall).toEqual({ 'kv.get': 1 })
})
