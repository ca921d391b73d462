/** What the router says of a call to PLATFORM: for whom, only where it is used, and for minutes (DESIGN §2). */
import { describe, expect, it } from 'vitest'
import {
  CAPABILITY_LABEL,
  CAPABILITY_RENEW_SECONDS,
  openCapability,
} from '#shared/identity/capability.ts'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { compileServer } from '#shared/catalog/list.ts'
import { makeSealSecrets } from '#shared/sdk/testing/trust.ts'
import { decodeDecision } from '#shared/contracts/inner-wire.ts'
import type { Caller } from '#shared/gateway/authenticate/caller.ts'
import type { ServerRecord } from '#shared/gateway/ports.ts'
import { decisionFor } from '#shared/gateway/dispatch/decision-text.ts'
import type { RouterConfig } from '../../../workers/router/config.ts'

const NOW = 1_800_000_000
const keys = await deriveSealKeys(makeSealSecrets(), CAPABILITY_LABEL)
let derived = 0
const platform = {
  capabilityKeys: () => {
    derived++
    return Promise.resolve(keys)
  },
} as unknown as RouterConfig

const tool = (name: string, uses?: string[]) => ({
  wire: { name, description: name, inputSchema: { type: 'object' } },
  scopes: [],
  ...(uses ? { uses } : {}),
})
const server = {
  name: 'shop',
  compiled: compileServer({
    name: 'shop',
    digest: 'd',
    definitions: {
      serverInfo: { name: 'shop', version: '1' },
      tools: [tool('look'), tool('buy', ['once'])],
    },
  }),
  seal: [{ kid: 'k1', secret: 's' }],
  decisions: new Map(),
} as unknown as ServerRecord

const callerOf = (subject: string, tenant = 'default') =>
  ({ principal: { subject, tenant, clientId: 'c', scopes: ['secret:scope'] } }) as unknown as Caller
const decide = async (caller: Caller, name: string, nowSeconds = NOW) => {
  const call = { method: 'tools/call', name } as const
  return decodeDecision(await decisionFor(platform, caller, server, call, nowSeconds))
}
const opened = (text: string | undefined, nowSeconds = NOW) =>
  openCapability(keys, text ?? '', nowSeconds)

describe('the decision of a tool that uses PLATFORM', () => {
  it('carries a capability for this caller, server and call, and nothing else', async () => {
    const decision = await decide(callerOf('ada', 'acme'), 'buy')
    expect(decision).toMatchObject({ method: 'tools/call', name: 'buy', digest: 'd' })
    expect(await opened(decision?.capability)).toEqual({
      ok: true,
      value: {
        server: 'shop',
        tenant: 'acme',
        subject: 'ada',
        clientId: 'c',
        method: 'tools/call',
        name: 'buy',
      },
    })
  })

  it('is never another caller’s', async () => {
    const [ada, bob, other] = await Promise.all([
      decide(callerOf('ada'), 'buy'),
      decide(callerOf('bob'), 'buy'),
      decide(callerOf('ada', 'other'), 'buy'),
    ])
    expect(new Set([ada, bob, other].map((decision) => decision?.capability)).size).toBe(3)
    expect(await opened(bob?.capability)).toMatchObject({ value: { subject: 'bob' } })
    expect(await opened(other?.capability)).toMatchObject({ value: { tenant: 'other' } })
  })

  it('is the same text for some minutes, then made anew in time', async () => {
    const first = await decide(callerOf('eve'), 'buy')
    const kept = await decide(callerOf('eve'), 'buy', NOW + CAPABILITY_RENEW_SECONDS - 1)
    const later = NOW + CAPABILITY_RENEW_SECONDS
    const renewed = await decide(callerOf('eve'), 'buy', later)
    expect(kept?.capability).toBe(first?.capability)
    expect(renewed?.capability).not.toBe(first?.capability)
    expect((await opened(renewed?.capability, later + 15 * 60)).ok).toBe(true)
  })
})

it('a tool that uses nothing of it costs nothing: no key, no promise, no capability', () => {
  const before = derived
  const call = { method: 'tools/call', name: 'look' } as const
  const text = decisionFor(platform, callerOf('ada'), server, call, NOW)
  expect(typeof text).toBe('string')
  expect(decodeDecision(text as string)).not.toHaveProperty('capability')
  expect(decisionFor(platform, callerOf('bob'), server, call, NOW)).toBe(text)
  expect(derived).toBe(before)
})
