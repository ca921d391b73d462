/** `notify`: whom a server can tell something, and what (DESIGN §4.8). */
import { env, exports } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { CAPABILITY_LABEL, mintCapability, type Capability } from '#shared/identity/capability.ts'
import { deriveSealKeys } from '#shared/identity/seal.ts'
import { audienceKey, topicKeys, type HubFrame } from '#shared/contracts/hub-topics.ts'
import { NOTIFIED_URI_MAX_CHARS } from '#shared/services/limits.ts'
import { platformOf, type NotifiedChange, type NotifiedTo } from '#shared/contracts/entrypoints.ts'
import { attachTo } from './_hub.ts'

const platform = platformOf(exports.Platform as unknown as Fetcher)
const REFUSED = { ok: false, failure: { reason: 'refused' } }
const ADA: Capability = {
  server: 'shop',
  tenant: 'default',
  subject: 'ada',
  clientId: 'client',
  method: 'tools/call',
  name: 'buy',
}

async function capability(changed: Partial<Capability> = {}, secrets = env.CAPABILITY_SECRETS) {
  const keys = await deriveSealKeys(secrets, CAPABILITY_LABEL)
  return mintCapability(keys, { ...ADA, ...changed }, Math.floor(Date.now() / 1000))
}

const listenerOf = async (server: string, tenant: string, subject: string) =>
  attachTo(server, {
    topics: (await topicKeys('resources', [''])) + (await topicKeys('resource', ['note://1'])),
    audiences: [
      await audienceKey({ to: 'tenant', tenant }),
      await audienceKey({ to: 'principal', tenant, subject }),
    ],
  })

it('tells listeners of the capability’s server, of its principal alone, its tenant, or all', async () => {
  const [ada, bob, other, elsewhere] = await Promise.all([
    listenerOf('shop', 'default', 'ada'),
    listenerOf('shop', 'default', 'bob'),
    listenerOf('shop', 'other', 'ada'),
    listenerOf('bank', 'default', 'ada'),
  ])
  const updated: HubFrame = { kind: 'resource', uri: 'note://1' }
  const resource = { resource: 'note://1' }
  const token = await capability()
  expect(await platform.notify(token, resource, 'caller')).toEqual({ ok: true })
  await platform.notify(token, resource, 'tenant')
  await platform.notify(token, resource, 'everyone')
  await platform.notify(token, 'resources', 'everyone')
  const list: HubFrame = { kind: 'resources' }
  expect(await ada.frames(4)).toEqual([updated, updated, updated, list])
  expect(await bob.frames(3)).toEqual([updated, updated, list])
  expect(await other.frames(2)).toEqual([updated, list])
  expect(elsewhere.received).toEqual([])
})

it('refuses a capability that is none', async () => {
  for (const forged of ['', 'k1.AAAA', await capability({}, `k1:${'d'.repeat(43)}`)]) {
    expect(await platform.notify(forged, 'tools', 'everyone')).toEqual(REFUSED)
  }
})

it('refuses what is no change, or nobody to tell, whatever a server sends', async () => {
  const token = await capability()
  const changes = [
    'catalog',
    'session',
    undefined,
    null,
    { resource: 7 },
    { kind: 'task', taskId: 'x' },
    { resource: 'x'.repeat(NOTIFIED_URI_MAX_CHARS + 1) },
  ] as unknown as NotifiedChange[]
  for (const change of changes) {
    expect(await platform.notify(token, change, 'everyone')).toEqual(REFUSED)
  }
  for (const to of ['principal', '__proto__', 'toString', undefined] as unknown as NotifiedTo[]) {
    expect(await platform.notify(token, 'tools', to)).toEqual(REFUSED)
  }
})
