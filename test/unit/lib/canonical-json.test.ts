import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { canonicalJson } from '#shared/lib/canonical-json.ts'

it('agrees with the RFC 8785 reference implementation on any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      expect(canonicalJson(value)).toBe(canonicalize(value))
    }),
  )
})

it('orders members by UTF-16 code units, numbers among them (RFC 8785 §3.2.3)', () => {
  const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '10': 5, '9': 6, '\ud83d\ude00': 7 }
  expect(canonicalJson(value)).toBe(
    '{"\\r":2,"1":4,"10":5,"9":6,"\u20ac":1,"\ud83d\ude00":7,"\ufb33":3}',
  )
})

it.each([Number.NaN, Infinity, undefined, () => 1])('refuses %s, which is not JSON', (value) => {
  expect(() => canonicalJson([value])).toThrow(TypeError)
})
