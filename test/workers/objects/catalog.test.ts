/** What the Catalog takes, refuses and remembers (DESIGN §2 "Catalog object"). */
import { evictDurableObject, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { definitionsDigest } from '#shared/catalog/digest.ts'
import { DEFAULT_POLICY, indexKey, serverKey } from '#shared/catalog/entry.ts'
import type { CatalogObject } from '../../../durable-objects/catalog/catalog.ts'
import { definitionsOf, describeTools } from './_descriptions.ts'
import { inside, nth, theCatalog, theFeed } from './_stubs.ts'

afterEach(() => reset())

describe('publish', () => {
  it('puts a new server in force at once: index, entry, KV and feed', async () => {
    const description = await describeTools('now')
    const answer = await theCatalog().publish('clock', description)
    const index = {
      version: await nth(1, 1),
      servers: { clock: { digest: description.digest, policy: DEFAULT_POLICY } },
    }
    const entry = {
      name: 'clock',
      digest: description.digest,
      definitions: description.definitions,
    }
    expect(answer).toEqual({ ok: true, value: index })
    expect(await theCatalog().index()).toEqual(index)
    expect(await theCatalog().entry('clock', description.digest)).toEqual(entry)
    const copy = await env.CATALOG_KV.get(indexKey(index.version))
    expect(JSON.parse(copy!.slice(copy!.indexOf('.') + 1))).toEqual(index)
    expect(await env.CATALOG_KV.get(serverKey('clock', description.digest), 'json')).toEqual(entry)
    expect((await theFeed().read()).catalogVersion).toBe(index.version)
  })

  it('changes nothing when the definitions are the same, whatever the build', async () => {
    const first = await theCatalog().publish('clock', await describeTools('now'))
    const again = await theCatalog().publish('clock', await describeTools('now'))
    expect(again).toEqual(first)
  })

  it('loses neither of two servers published at once, nor of eight', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    await Promise.all(
      names.map(async (name) => theCatalog().publish(name, await describeTools(`tool-${name}`))),
    )
    const index = await theCatalog().index()
    expect(Object.keys(index!.servers)).toEqual(names)
  })

  it('goes on from what it knew after every eviction', async () => {
    const [first, second] = [await describeTools('now'), await describeTools('now', 'later')]
    await theCatalog().publish('clock', first)
    await evictDurableObject(theCatalog())
    const version = await nth(1, 1)
    expect(await theCatalog().index(version)).toMatchObject({ version })
    await evictDurableObject(theCatalog())
    await theCatalog().publish('clock', second)
    await evictDurableObject(theCatalog())
    expect(await theCatalog().index()).toMatchObject({
      version: version + 1,
      servers: { clock: { digest: second.digest } },
    })
    expect(await theCatalog().entry('clock', first.digest)).not.toBeNull()
  })

  it('keeps keys of a newer release in definitions, so that their digest holds', async () => {
    const definitions = { ...definitionsOf('now'), widgets: [{ name: 'later' }] }
    const digest = await definitionsDigest(definitions)
    const answer = await theCatalog().publish('clock', { definitions, digest, build: 'b' })
    expect(answer.ok).toBe(true)
    expect((await theCatalog().entry('clock', digest))?.definitions).toEqual(definitions)
  })

  it('computes the digest that Node computes (RFC 8785, RFC 4648 §5)', async () => {
    expect(await definitionsDigest(definitionsOf('now'))).toBe(
      'eolUMyX7qWVF7snNAkeEUHbNVq48XKiEDwu9U32LowI',
    )
  })

  it('brings back an earlier revision when an earlier build is deployed again', async () => {
    const [first, second] = [await describeTools('now'), await describeTools('later')]
    for (const description of [first, second, first]) {
      await theCatalog().publish('clock', description)
    }
    expect(await theCatalog().index()).toMatchObject({
      servers: { clock: { digest: first.digest } },
    })
  })
})

describe('policy', () => {
  const policyOf = async (name: string) => (await theCatalog().index())?.servers[name]?.policy

  it('is private unless the policy file says other', async () => {
    await theCatalog().publish('clock', await describeTools('now'))
    expect(await policyOf('clock')).toEqual(DEFAULT_POLICY)
  })

  it('comes from the policy file when the name is first seen, never later', async () => {
    const first = await describeTools('now')
    await theCatalog().publish('clock', { ...first, policy: { dpop: 'required', strict: true } })
    const expected = { ...DEFAULT_POLICY, dpop: 'required', strict: true }
    expect(await policyOf('clock')).toEqual(expected)
    const second = await describeTools('later')
    await theCatalog().publish('clock', { ...second, policy: { visibility: 'public' } })
    expect(await policyOf('clock')).toEqual(expected)
  })

  it('review: callers keep the approved definitions while the new ones wait', async () => {
    const [first, second] = [await describeTools('now'), await describeTools('later')]
    await theCatalog().publish('clock', { ...first, policy: { publish: 'review' } })
    const answer = await theCatalog().publish('clock', second)
    expect(answer).toMatchObject({
      ok: true,
      value: { version: await nth(1, 1), servers: { clock: { digest: first.digest } } },
    })
    expect(await theCatalog().entry('clock', second.digest)).not.toBeNull()
  })
})

describe('refusals', () => {
  const reasonOf = async (name: string, description: unknown) => {
    const answer = await theCatalog().publish(name, description as never)
    return answer.ok ? 'taken' : answer.failure.reason
  }

  it('a server that lies about its digest', async () => {
    const { digest } = await describeTools('now')
    const lie = { ...(await describeTools('now', 'hidden')), digest }
    expect(await reasonOf('clock', lie)).toBe('digest_mismatch')
    expect(await theCatalog().index()).toEqual({ version: 0, servers: {} })
  })

  it('a lie leaves what was approved in force', async () => {
    const honest = await describeTools('now')
    await theCatalog().publish('clock', honest)
    const lie = { ...(await describeTools('now', 'hidden')), digest: honest.digest }
    expect(await reasonOf('clock', lie)).toBe('digest_mismatch')
    expect((await theCatalog().entry('clock', honest.digest))?.definitions).toEqual(
      honest.definitions,
    )
  })

  it.each([
    ['null', null],
    ['a number', 7],
    ['definitions of another form', { digest: 'x', build: 'y', definitions: { tools: 'none' } }],
    ['a policy with an unknown word', { policy: { visibility: 'everyone' } }],
  ])('a description that is %s', async (_, description) => {
    const base = await describeTools('now')
    const sent =
      description && typeof description === 'object' ? { ...base, ...description } : description
    expect(await reasonOf('clock', sent)).toBe('invalid')
  })

  it.each(['Clock', 'mcp', 'a--b', '', '__proto__', 'constructor', 'x'.repeat(41)])(
    'the name "%s" (DESIGN §5)',
    async (name) => {
      expect(await reasonOf(name, await describeTools('now'))).toBe('bad_name')
    },
  )

  it('tool names some clients refuse, and two tools of one name', async () => {
    expect(await reasonOf('clock', await describeTools('what time'))).toBe('invalid')
    expect(await reasonOf('clock', await describeTools('now', 'now'))).toBe('invalid')
  })

  it('definitions above 1 MiB', async () => {
    const definitions = { ...definitionsOf('now'), instructions: 'ä'.repeat(600_000) }
    const digest = await definitionsDigest(definitions)
    expect(await reasonOf('clock', { definitions, digest, build: 'b' })).toBe('too_large')
  })

  it('nesting that exhausts the stack', async () => {
    const description = await describeTools('now')
    const depth = 200_000
    const nested = JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
    // From within: RPC itself refuses to carry such a value.
    const answer = await inside(theCatalog(), (object: CatalogObject) =>
      object.publish('clock', {
        ...description,
        definitions: { ...description.definitions, nested },
      }),
    )
    expect(answer).toMatchObject({ ok: false, failure: { reason: 'invalid' } })
  })

  it('a version nobody made, and a digest nobody published', async () => {
    await theCatalog().publish('clock', await describeTools('now'))
    expect(await theCatalog().index(await nth(2, 1))).toBeNull()
    expect(await theCatalog().index(-1)).toBeNull()
    expect(await theCatalog().entry('clock', 'no such digest')).toBeNull()
    expect(await theCatalog().entry('calendar', 'no such digest')).toBeNull()
  })
})
