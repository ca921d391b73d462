/** How keys of other issuers are fetched: bounded, from where they should be, and not at will. */
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createRemoteKeys } from '../../../workers/oauth/machines/remote-jwks.ts'
import { startIssuer, type Issuer } from '../../e2e/_issuer.ts'

const lifetime = { waitUntil: () => undefined }
const MINUTE_MS = 60_000

let issuer: Issuer
beforeEach(async () => {
  issuer = await startIssuer()
  vi.spyOn(console, 'error').mockReturnValue()
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  await issuer.close()
})
const keysOf = (where?: string) => createRemoteKeys(issuer.issuer, where)
const kids = (set: { keys: { kid?: string }[] } | undefined) => set?.keys.map(({ kid }) => kid)

test('discovered, fetched once for all who ask at once, and kept', async () => {
  const keys = keysOf()
  const asked = Array.from({ length: 8 }, () => keys.for('key-1', lifetime))
  for (const set of await Promise.all(asked)) expect(kids(set)).toEqual(['key-1'])
  await keys.for('key-1', lifetime)
  expect(issuer.asked()).toBe(1)
})

test('an unknown kid asks anew, twice a minute at most', async () => {
  const keys = keysOf()
  await keys.for('key-1', lifetime)
  await issuer.rotate()
  expect(kids(await keys.for('key-2', lifetime))).toEqual(['key-1'])
  vi.advanceTimersByTime(31_000)
  expect(kids(await keys.for('key-2', lifetime))).toEqual(['key-2', 'key-1'])
  expect(issuer.asked()).toBe(2)
})

test('an outage: known keys go on counting for a day, and it is asked twice a minute at most', async () => {
  const keys = keysOf()
  await keys.for('key-1', lifetime)
  issuer.answerKeys = (response) => response.writeHead(500).end()
  vi.advanceTimersByTime(11 * MINUTE_MS)
  for (let call = 0; call < 20; call += 1) {
    expect(kids(await keys.for('key-1', lifetime))).toEqual(['key-1'])
  }
  await vi.waitFor(() => expect(issuer.asked()).toBe(2), { timeout: 10_000 })
  vi.advanceTimersByTime(24 * 60 * MINUTE_MS)
  expect(await keys.for('key-1', lifetime)).toBeUndefined()
})

const json = (body: unknown) => (response: ServerResponse) => {
  response.end(JSON.stringify(body))
}
describe('no keys', () => {
  test.each<[string, NonNullable<Issuer['answerKeys']>]>([
    ['in an error', (response) => response.writeHead(404).end('{"keys":[]}')],
    ['in more than a key set takes', json({ keys: [], padding: 'x'.repeat(200_000) })],
    [
      'in more keys than anybody has',
      json({ keys: Array.from({ length: 51 }, () => ({ kty: 'EC' })) }),
    ],
    ['in what is no key set', json([])],
    ['in what is no JSON', (response) => void response.end('<html>')],
  ])('%s', async (_, answer) => {
    issuer.answerKeys = answer
    expect(await keysOf().for('key-1', lifetime)).toBeUndefined()
  })

  test('behind a redirect, though there would be some', async () => {
    const other = await startIssuer()
    issuer.answerKeys = (response) =>
      response.writeHead(302, { location: `${other.issuer}/keys` }).end()
    expect(await keysOf().for('key-1', lifetime)).toBeUndefined()
    expect(other.asked()).toBe(0)
    await other.close()
  })

  test('where the discovery document is of another issuer', async () => {
    const other = createRemoteKeys(`${issuer.issuer}/`, undefined)
    expect(await other.for('key-1', lifetime)).toBeUndefined()
  })
})

test('a shared secret among the keys is left out (RFC 8725 §3.5)', async () => {
  issuer.answerKeys = json({
    keys: [
      { kty: 'oct', k: 'AA', kid: 'a' },
      { kty: 'EC', kid: 'b' },
    ],
  })
  expect(kids(await keysOf().for('b', lifetime))).toEqual(['b'])
})
