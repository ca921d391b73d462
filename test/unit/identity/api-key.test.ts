/** API keys as text: found by scanners, told from look-alikes, not guessed. */
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { apiKeyId, hashApiKey, makeApiKey } from '#shared/identity/api-key.ts'

const SCANNERS_PATTERN = /^mcpk_[0-9A-Za-z]{54}$/

test('a key has the form that scanners look for, its id in it, and a hash that is not it', async () => {
  const { id, key, hash } = await makeApiKey()
  expect(key).toMatch(SCANNERS_PATTERN)
  expect(apiKeyId(key)).toBe(id)
  expect(hash).toBe(await hashApiKey(key))
  expect(hash).not.toContain(id)
})

test('the checksum is CRC-32 of what comes before it, in base62 (as an independent CRC says)', async () => {
  const { key } = await makeApiKey()
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  const written = key
    .slice(-6)
    .split('')
    .reduce((sum, digit) => sum * 62 + alphabet.indexOf(digit), 0)
  expect(written).toBe(crc32(key.slice(5, -6)))
})

test('one character else is no key, wherever it stands', async () => {
  const { key } = await makeApiKey()
  for (let at = 0; at < key.length; at += 1) {
    const other = key[at] === 'x' ? 'y' : 'x'
    expect(apiKeyId(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined()
  }
  expect(apiKeyId(`${key}0`)).toBeUndefined()
  expect(apiKeyId(`${key}\n`)).toBeUndefined()
  expect(apiKeyId('')).toBeUndefined()
})

test('a thousand keys differ, and every character is as likely as any other', async () => {
  const made = await Promise.all(Array.from({ length: 1_000 }, makeApiKey))
  expect(new Set(made.map(({ id }) => id)).size).toBe(1_000)
  const counts = new Map<string, number>()
  for (const { key } of made) {
    for (const character of key.slice(5, 53))
      counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  expect(counts.size).toBe(62)
  const expected = (1_000 * 48) / 62
  for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(expected / 3)
})
