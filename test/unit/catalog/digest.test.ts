import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { definitionsDigest } from '#shared/catalog/digest.ts'
import type { Definitions } from '#shared/catalog/entry.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
const digestOf = (value: unknown) => definitionsDigest(value as Definitions)

describe('definitionsDigest', () => {
  it('is the SHA-256 of the canonical form (RFC 8785 §3.2.2)', async () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",' +
        '"literals":[null,true,false]}',
    )
    const canonical =
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    expect(await digestOf(value)).toBe(sha256(canonical))
  })

  it('sorts keys by UTF-16 code units (RFC 8785 §3.2.3)', async () => {
    const value = { '\ufb33': 1, '\u{1f600}': 2, '€': 3, '1': 4, '\r': 5, ö: 6, '\u0080': 7 }
    const canonical = '{"\\r":5,"1":4,"\u0080":7,"ö":6,"€":3,"\u{1f600}":2,"\ufb33":1}'
    expect(await digestOf(value)).toBe(sha256(canonical))
  })

  it('is the digest the Catalog computes in workerd', async () => {
    const tool = { name: 'now', description: 'What now does', inputSchema: { type: 'object' } }
    const definitions = {
      serverInfo: { name: 'clock', version: '1.0.0' },
      tools: [{ wire: tool, scopes: [] }],
    }
    expect(await digestOf(definitions)).toBe('eolUMyX7qWVF7snNAkeEUHbNVq48XKiEDwu9U32LowI')
  })

  it('does not depend on the order of keys, nor on a trip through JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        const travelled = JSON.parse(JSON.stringify(value))
        expect(await digestOf(reversed)).toBe(await digestOf(value))
        expect(await digestOf(travelled)).toBe(await digestOf(value))
      }),
    )
  })
})
