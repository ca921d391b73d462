/**
 * Generated policies on the wire: for every caller and both eras, listed ⇔ callable or
 * insufficient_scope, and callers who come interleaved never get each other's bytes.
 */
import { paced } from '../_pace.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operatorOf, type Operator } from './_catalog.ts'
import { grayServer } from './_gray.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import { legacy, modern, send } from './_wire.ts'

const TOOLS = ['read', 'write', 'drop'] as const
const CALLERS = {
  staff: { sub: 'ada', groups: ['staff'], scope: 'notes:write' },
  guest: { sub: 'bob' },
  acme: { sub: 'eve', tenant: 'acme', groups: ['staff'], client_id: 'cursor' },
}
const POLICIES = 6

let platform: Platform
let operator: Operator

beforeAll(async () => {
  platform = await startPlatform({
    extraServers: {
      ruled: grayServer(
        'ruled',
        `[{ tools: {
          read: tool('read', { annotations: { readOnlyHint: true } }),
          write: tool('write', { scopes: ['notes:write'] }),
          drop: tool('drop', { annotations: { destructiveHint: true } }),
        } }]`,
      ),
    },
  })
  operator = await operatorOf(platform)
})
afterAll(() => platform.close())

/** As the token that is minted of these claims says. */
const principalOf = (claims: Partial<Record<string, string | string[]>>): object => ({
  subject: claims['sub'],
  tenant: claims['tenant'] ?? 'default',
  clientId: claims['client_id'] ?? 'test-client',
  groups: claims['groups'] ?? [],
  scopes: claims['scope'] === undefined ? [] : [claims['scope']],
})

const who = fc.oneof(
  fc.constant(undefined),
  fc.constant({ groups: ['staff'] }),
  fc.constant({ tenants: ['acme'] }),
  fc.constant({ clients: ['cursor'] }),
  fc.constant({ subjects: ['bob'] }),
)
const what = fc.oneof(
  fc.constant(undefined),
  fc.subarray([...TOOLS], { minLength: 1 }).map((tools) => ({ tools })),
  fc.constant({ annotations: { readOnlyHint: false } }),
)
const policies = fc.record({
  tenants: fc.constantFrom(['default'], ['default', 'acme']),
  rules: fc.array(fc.record({ effect: fc.constantFrom('allow', 'deny'), who, what }), {
    minLength: 1,
    maxLength: 4,
  }),
  otherwise: fc.constantFrom('allow', 'deny'),
})

test(
  'listed ⇔ callable or insufficient_scope, as `can` says, interleaved and in both eras',
  { timeout: paced(60_000) },
  async () => {
    const url = platform.mcpUrl('ruled')
    const tokens = await Promise.all(Object.values(CALLERS).map((claims) => mintToken(url, claims)))
    const post = (wire: ReturnType<typeof modern>) =>
      send(platform.origin, { path: '/ruled/mcp', ...wire })
    await post(modern('tools/list', {}, { token: tokens[0]! }))

    // A fixed seed: the same policies every time, and new ones by changing it.
    for (const policy of fc.sample(policies, { numRuns: POLICIES, seed: 7 })) {
      const { server } = await operator.do('PATCH', '/servers/ruled/policy', policy)
      expect(server.policy.otherwise).toBe(policy.otherwise)
      const asked = Object.entries(CALLERS).flatMap(([name, claims], at) =>
        [modern, legacy].map((make) => ({ name, claims, make, token: tokens[at]! })),
      )
      await Promise.all(
        asked.map(async ({ name, claims, make, token }) => {
          const answers = new Map<string, string>()
          for (const tool of TOOLS) {
            const body = { item: `tool:${tool}`, principal: principalOf(claims) }
            const { answer } = await operator.do('POST', '/servers/ruled/can', body)
            answers.set(tool, answer)
          }
          const listed = async (): Promise<string[]> => {
            const list = await post(make('tools/list', {}, { token }))
            return list.message.result?.tools?.map((tool) => tool.name) ?? []
          }
          // Told at most once a second, from a feed half a second old at most.
          const visible = TOOLS.filter((tool) => answers.get(tool) !== 'hidden')
          const where = JSON.stringify({ policy, name })
          await expect
            .poll(listed, { timeout: paced(5_000), interval: 100, message: where })
            .toEqual(visible)
          for (const tool of TOOLS) {
            const got = await post(make('tools/call', { name: tool }, { token }))
            const callable = got.message.result?.content?.[0]?.text === tool
            const seen = callable ? 'allowed' : got.status === 403 ? 'insufficient_scope' : 'hidden'
            expect(seen, `${where} ${tool} ${got.text}`).toBe(answers.get(tool))
          }
        }),
      )
    }
  },
)
