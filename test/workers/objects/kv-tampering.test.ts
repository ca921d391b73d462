/**
 * KV edited by hand: more people and tokens can write it than may change the catalog.
 * Whatever is written there, readers see what the Catalog published.
 */
import { createExecutionContext, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { changedEntryDigest, definitionsDigest } from '#shared/catalog/digest.ts'
import { indexKey, serverKey, viewOf } from '#shared/catalog/entry.ts'
import { sealedText, signIndex } from '#shared/catalog/readers/index-seal.ts'
import { REFUSAL_LOG_INTERVAL_MS } from '#shared/catalog/limits.ts'
import { createSnapshotReader } from '#shared/catalog/readers/snapshot-reader.ts'
import { definitionsOf, describeTools } from './_descriptions.ts'
import { tell } from './_operator.ts'
import { settled } from './_settled.ts'
import { theCatalog, theFeed } from './_stubs.ts'

const kv = env.CATALOG_KV
const ctx = () => createExecutionContext()
const newReader = () => createSnapshotReader({ kv, catalog: theCatalog })

let logged: { event: string; key?: string; reason?: string }[]

beforeEach(async () => {
  await theCatalog().publish('clock', await describeTools('now', 'purge'))
  await tell('POST', '/servers/clock/disable', {})
  await settled()
  logged = []
  vi.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(JSON.parse(line)))
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  return reset()
})

async function inForce() {
  const { catalogVersion: version, catalogSeal: seal } = await theFeed().read()
  return { version, seal: seal! }
}

const refusals = () => logged.filter(({ event }) => event === 'snapshot_refused')

/** @returns what a new isolate is told of clock's pointer */
async function pointer() {
  const { version, seal } = await inForce()
  const read = await newReader().index(version, seal, ctx())
  return read.ok ? read.value.servers['clock'] : read.failure.reason
}

const policyOf = (found: Awaited<ReturnType<typeof pointer>>) =>
  typeof found === 'string' ? found : found?.policy.visibility

describe('the index', () => {
  it('as the Catalog wrote it is believed, and the Catalog not asked', async () => {
    const { version, seal } = await inForce()
    const asked = vi.fn(theCatalog)
    const reader = createSnapshotReader({ kv, catalog: asked })
    const read = await reader.index(version, seal, ctx())
    expect(read.ok && read.value.servers['clock']?.policy.visibility).toBe('off')
    expect(asked).not.toHaveBeenCalled()
    expect(refusals()).toEqual([])
  })

  /** From the true text and its signature to what the attacker writes. */
  const edits: [string, (text: string, signature: string) => string | Promise<string>][] = [
    ['a policy flipped to public', (text, by) => sealed(text.replace('"off"', '"public"'), by)],
    [
      'a pointer to another digest',
      (text, by) => sealed(text.replace(/"digest":"[^"]+"/, '"digest":"elsewhere"'), by),
    ],
    [
      'a policy made strict',
      (text, by) => sealed(text.replace('"strict":false', '"strict":true'), by),
    ],
    ['no signature', (text) => text.replace('"off"', '"public"')],
    ['an empty signature', (text) => `.${text.replace('"off"', '"public"')}`],
    ['a signature of zeros', (text) => sealed(text, 'A'.repeat(86))],
    ['a signature by a key of the attacker', signedByAttacker],
    ['garbage', () => 'garbage'],
    ['nothing', () => ''],
    ['a number', () => '7'],
    ['an entry', async () => (await kv.get((await entryKey()) ?? '')) ?? ''],
    ['nesting that exhausts the stack', (_, by) => sealed('['.repeat(200_000), by)],
  ]
  const sealed = (text: string, signature: string) => sealedText({ key: '', signature }, text)

  async function signedByAttacker(text: string): Promise<string> {
    const { version } = await inForce()
    const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const flipped = text.replace('"off"', '"public"')
    return sealed(flipped, await signIndex(pair.privateKey, version, flipped))
  }

  it.each(edits)('with %s is refused, logged, and read from the Catalog', async (_, edit) => {
    const { version, seal } = await inForce()
    const key = indexKey(version)
    const value = (await kv.get(key))!
    const text = value.slice(value.indexOf('.') + 1)
    await kv.put(key, await edit(text, seal.signature))
    expect(policyOf(await pointer())).toBe('off')
    expect(refusals()).toMatchObject([{ key }])
  })

  it('of before, signed just as well, loses against the number of the feed', async () => {
    const old = await inForce()
    const oldValue = (await kv.get(indexKey(old.version)))!
    await tell('POST', '/servers/clock/enable', {})
    await tell('POST', '/servers/clock/disable', { item: 'tool:purge' })
    await settled()
    const { version } = await inForce()
    expect(version).toBe(old.version + 2)
    await kv.put(indexKey(version), oldValue)
    expect(policyOf(await pointer())).toBe('private')
    // Nor with the signature in force before the old text.
    const { seal } = await inForce()
    await kv.put(
      indexKey(version),
      sealed(oldValue.slice(oldValue.indexOf('.') + 1), seal.signature),
    )
    expect(policyOf(await pointer())).toBe('private')
    expect(refusals().map(({ reason }) => reason)).toEqual(['other_signature', 'bad_signature'])
  })

  it('that is wrong while the Catalog has lost it too is not shown at all', async () => {
    const { version, seal } = await inForce()
    await kv.put(indexKey(version), '{"version":1,"servers":{}}')
    const away = { index: async () => null, entry: async () => null }
    const reader = createSnapshotReader({ kv, catalog: () => away })
    const read = await reader.index(version, seal, ctx())
    expect(read).toEqual({ ok: false, failure: { reason: 'unknown' } })
  })

  it('comes to KV again, right, after a reader has found it wrong', async () => {
    const { version, seal } = await inForce()
    const key = indexKey(version)
    const value = await kv.get(key)
    await kv.put(key, 'garbage')
    // Not at once: KV may lag behind what was just put.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 600_001 })
    await newReader().index(version, seal, ctx())
    vi.useRealTimers()
    await settled()
    expect(await kv.get(key)).toBe(value)
  })

  it('is logged once in ten minutes, however often it is read wrong', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const { version, seal } = await inForce()
    await kv.put(indexKey(version), 'garbage')
    const away = { index: async () => null, entry: async () => null }
    const reader = createSnapshotReader({ kv, catalog: () => away })
    for (let read = 0; read < 5; read++) await reader.index(version, seal, ctx())
    expect(refusals()).toHaveLength(1)
    vi.setSystemTime(Date.now() + REFUSAL_LOG_INTERVAL_MS)
    await reader.index(version, seal, ctx())
    expect(refusals()).toHaveLength(2)
  })
})

const entryKey = async (): Promise<string | undefined> => {
  const found = (await theCatalog().index())?.servers['clock']
  return found && serverKey('clock', viewOf(found))
}

describe('an entry', () => {
  async function shown() {
    const found = (await theCatalog().index())!.servers['clock']!
    const read = await newReader().server('clock', viewOf(found), ctx())
    return read.ok ? read.value.entry : read.failure.reason
  }

  const evil = definitionsOf('now', 'exfiltrate')

  it.each<[string, (text: string) => string | Promise<string>]>([
    ['one byte of a description changed', (text) => text.replace('What now does', 'What NOW does')],
    ['a tool more', (text) => JSON.stringify({ ...JSON.parse(text), definitions: evil })],
    ['scopes taken away', (text) => text.replaceAll('"scopes":[]', '"scopes":["x"]')],
    ['the key of the index', async () => (await kv.get(indexKey((await inForce()).version)))!],
    [
      'what hashes to itself, not to the key',
      async (text) =>
        JSON.stringify({
          ...JSON.parse(text),
          digest: await definitionsDigest(evil),
          definitions: evil,
        }),
    ],
    [
      'a view that hashes to itself, not to the key',
      async (text) => {
        const { digest } = JSON.parse(text)
        const view = await changedEntryDigest({ digest, definitions: evil })
        return JSON.stringify({ name: 'clock', digest, view, definitions: evil })
      },
    ],
    ['another name', (text) => text.replace('"name":"clock"', '"name":"other"')],
    ['garbage', () => '\u0000'],
    ['no JSON', () => '{'],
    ['nesting that exhausts the stack', () => `{"definitions":{"tools":${'['.repeat(100_000)}`],
  ])('with %s is refused, logged, and read from the Catalog', async (_, edit) => {
    const key = (await entryKey())!
    const before = await shown()
    await kv.put(key, await edit((await kv.get(key))!))
    expect(await shown()).toEqual(before)
    expect(refusals()).toMatchObject([{ key }])
  })

  it.each([
    ['of a server as it is', false],
    ['that an operator changed', true],
  ])('%s shows nothing that its digest does not cover', async (_, isChanged) => {
    if (isChanged) {
      const patch = { tools: { now: { description: 'The time' } } }
      await tell('PATCH', '/servers/clock/tuning', { patch })
      await settled()
    }
    const key = (await entryKey())!
    const before = await shown()
    const value = JSON.parse((await kv.get(key))!)
    await kv.put(key, JSON.stringify({ ...value, aliases: { safe: 'purge' }, emptied: ['tools'] }))
    expect(await shown()).toEqual(before)
    const { aliases } = before as { aliases?: object }
    expect(aliases).toBeUndefined()
  })

  it('with all that an operator may change is believed', async () => {
    await tell('PATCH', '/servers/clock/tuning', {
      patch: { tools: { now: { description: 'The time' } }, aliases: { time: 'now' } },
    })
    await tell('POST', '/servers/clock/disable', { item: 'tool:purge' })
    await settled()
    const away = { index: async () => null, entry: async () => null }
    const found = (await theCatalog().index())!.servers['clock']!
    const reader = createSnapshotReader({ kv, catalog: () => away })
    const read = await reader.server('clock', viewOf(found), ctx())
    expect(read.ok && read.value.entry.aliases).toEqual({ time: 'now' })
  })
})
