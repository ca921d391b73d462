import { describe, expect, test } from 'vitest'
import {
  mapIdentity,
  missingClaims,
  parseClaimNames,
  type IdentityMapping,
} from '#shared/identity/identity.ts'

const NOTHING: IdentityMapping = {
  tenantClaim: '',
  groupsClaim: '',
  groupPatterns: [],
  claims: {},
}
const groupsOf = (said: unknown, ...groupPatterns: string[]) => {
  const mapped = mapIdentity({ ...NOTHING, groupsClaim: 'groups', groupPatterns }, { groups: said })
  return mapped.ok ? mapped.value.groups : mapped.failure.reason
}

test('nothing configured: tenant default, and nothing an IdP says is passed on', () => {
  const said = { sub: 'a', groups: ['x'], email: 'a@b.c' }
  expect(mapIdentity(NOTHING, said)).toEqual({ ok: true, value: { tenant: 'default' } })
})

describe('groups', () => {
  test('one group as a text is a list of one', () => expect(groupsOf('one')).toEqual(['one']))
  test('sorted, each once, texts only', () =>
    expect(groupsOf(['b', 'a', 'b', 7, null, ''])).toEqual(['a', 'b']))
  test('none said: none', () => expect(groupsOf(undefined)).toBeUndefined())
  test('a pattern is the whole name', () => expect(groupsOf(['ab', 'b'], 'b')).toEqual(['b']))
  test('a star is any text', () =>
    expect(groupsOf(['mcp-a-x', 'mcp-x', 'x-mcp-a-x'], 'mcp-*-x')).toEqual(['mcp-a-x']))
  test('parts of a pattern do not overlap', () =>
    expect(groupsOf(['aba'], 'ab*ba')).toBeUndefined())
  test('of the own provider, named as another issuer’s are: none', () =>
    expect(groupsOf(['https://idp.example.com#admins', 'http://a#b', 'a#b', 'https:x'])).toEqual([
      'a#b',
      'https:x',
    ]))
  test('more than fits is refused, not cut', () =>
    expect(groupsOf(Array.from({ length: 200 }, (_, at) => `group-${at}`))).toBe('too_large'))
})

test('a claim is found by its whole name before it is taken for a path', () => {
  const mapping = { ...NOTHING, claims: { role: 'https://x.example/roles', deep: 'a.b' } }
  const said = { 'https://x.example/roles': ['r'], a: { b: true } }
  const mapped = mapIdentity(mapping, said)
  expect(mapped).toMatchObject({ value: { claims: { role: ['r'], deep: true } } })
  expect(missingClaims(mapping, said)).toBe(false)
  expect(missingClaims(mapping, { a: {} })).toBe(true)
})

test('members every object has are no claims', () => {
  const mapping = { ...NOTHING, claims: { a: 'constructor', b: 'x.__proto__' } }
  expect(mapIdentity(mapping, { x: {} })).toEqual({ ok: true, value: { tenant: 'default' } })
})

test.each(['', 'platform', 'a b', 'é', 'x'.repeat(65), 7, ['default']])(
  'tenant %j cannot be',
  (org) => {
    const mapped = mapIdentity({ ...NOTHING, tenantClaim: 'org' }, { org })
    expect(mapped).toEqual({ ok: false, failure: { reason: 'no_tenant' } })
  },
)

test('names of claims, and what is none', () => {
  expect(parseClaimNames('X', ' email, team = department ')).toEqual({
    email: 'email',
    team: 'department',
  })
  expect(parseClaimNames('X', '')).toEqual({})
  expect(() => parseClaimNames('X', 'a=')).toThrow('X must be')
  expect(() => parseClaimNames('X', '1a')).toThrow('X must be')
})
