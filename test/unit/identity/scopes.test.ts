/** What scopes imply (RFC 6749 §3.3; MCP authorization, scope hierarchy). */
import { expect, test } from 'vitest'
import { missingScopes, reduceScopes, scopesForTool } from '#shared/identity/scopes.ts'

test.each([
  [['notes'], ['notes:write'], []],
  [['notes:write'], ['notes'], ['notes']],
  [['notes:wri'], ['notes:write'], ['notes:write']],
  [['note'], ['notes'], ['notes']],
  [['notes:'], ['notes:write'], ['notes:write']],
  [[''], ['notes'], ['notes']],
  [['tools:execute'], ['tools:execute:read_only'], []],
  [['tools:execute:read_only'], ['tools:execute'], ['tools:execute']],
  [['a', 'b'], ['b', 'c'], ['c']],
])('who holds %j and needs %j lacks %j', (held, needed, missing) => {
  expect(missingScopes(needed, held)).toEqual(missing)
})

const READS = { scopes: ['a'], readOnly: true }
const CHANGES = { scopes: ['a'], readOnly: false }
test('no scope of the family: no limit, and the very list of the tool', () => {
  expect(scopesForTool(CHANGES, ['a', 'tools:list'])).toBe(CHANGES.scopes)
})
test.each([
  ['tools:execute:read_only', READS, []],
  ['tools:execute:read_only', CHANGES, ['tools:execute']],
  ['tools:execute:read_only:more', READS, ['tools:execute:read_only']],
  ['tools:execute', CHANGES, []],
])('%s limits', (limit, tool, missing) => {
  const held = ['a', limit]
  expect(missingScopes(scopesForTool(tool, held), held)).toEqual(missing)
})

test('a union names nothing twice and nothing that is implied', () => {
  expect(reduceScopes(['a:b', 'a', 'c', 'a', 'c:'])).toEqual(['a', 'c'])
})
