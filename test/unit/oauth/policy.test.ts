/** Pure rules of the authorization server: resources, return paths, where a form may lead. */
import { expect, test } from 'vitest'
import { localPath } from '../../../workers/oauth/authorize/pending.ts'
import { formActionSource } from '../../../workers/oauth/authorize/redirect-policy.ts'
import { serverNameOf } from '../../../workers/oauth/authorize/resource.ts'

const ORIGIN = 'https://mcp.example'

test.each([
  ['https://app.example/callback?x', 'https://app.example'],
  ['http://127.0.0.1:3000/callback', 'http://127.0.0.1:3000'],
  ['http://[::1]:3000/callback', 'http:'],
  ['cursor://x/callback', 'cursor:'],
])('the answer to the form may lead to %s: form-action %s', (uri, source) => {
  expect(formActionSource(uri)).toBe(source)
})

test.each([
  `${ORIGIN}/clock/mcp`,
  `${ORIGIN}/clock/mcp/`,
  `${ORIGIN}/clock`,
  `${ORIGIN}:443/clock/`,
  'HTTPS://MCP.EXAMPLE/clock/mcp',
  `${ORIGIN}/clock/mcp?mode=x`,
])('resource %s means clock (RFC 8707)', (resource) => {
  expect(serverNameOf(ORIGIN, resource)).toBe('clock')
})

test.each([
  'https://other.example/clock/mcp',
  'http://mcp.example/clock/mcp',
  `${ORIGIN}/clock/mcp/more`,
  `${ORIGIN}/clock/sse`,
  `${ORIGIN}/CLOCK/mcp`,
  `${ORIGIN}/oauth/mcp`,
  `${ORIGIN}/clock/mcp#x`,
  'https://user@mcp.example/clock/mcp',
  ORIGIN,
  'clock',
])('resource %s means no server', (resource) => {
  expect(serverNameOf(ORIGIN, resource)).toBeUndefined()
})

test.each([
  ['/oauth/authorize?a=b', '/oauth/authorize?a=b'],
  ['//evil.example/x', '/login'],
  ['/\\evil.example/x', '/login'],
  ['https://evil.example/', '/login'],
  ['/a/../b', '/b'],
  [undefined, '/login'],
])('after sign-in %j leads to %s (no open redirect)', (text, path) => {
  expect(localPath(text, ORIGIN)).toBe(path)
})
