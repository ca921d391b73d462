import { describe, expect, it } from 'vitest'
import { matchPath } from '../../../workers/router/match.ts'

describe('matchPath', () => {
  it.each(['/clock/mcp', '/clock/mcp/', '/clock', '/clock/'])('%s is the MCP endpoint', (path) => {
    expect(matchPath(path)).toEqual({ kind: 'mcp', server: 'clock' })
  })

  it.each([
    '/clock/other',
    '/clock/mcp/x',
    '/Clock/mcp',
    '/-a/mcp',
    '/admin/mcp',
    '/v1',
    '/a--b',
    '/clock//mcp',
    '/clock//x',
  ])('%s is nothing (bad or reserved name, or a longer path)', (path) => {
    expect(matchPath(path)).toEqual({ kind: 'not-found' })
  })

  it('finds resource metadata with a path suffix and at the root (RFC 9728 §3.1)', () => {
    const root = '/.well-known/oauth-protected-resource'
    expect(matchPath(root)).toEqual({ kind: 'resource-metadata', server: undefined })
    expect(matchPath(`${root}/clock/mcp`)).toEqual({ kind: 'resource-metadata', server: 'clock' })
    expect(matchPath(`${root}/clock`)).toEqual({ kind: 'resource-metadata', server: 'clock' })
  })

  it.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/clock/mcp',
    '/.well-known/openid-configuration',
    '/oauth/token',
    '/authorize',
    '/token',
    '/register',
    '/login/owner',
  ])('%s belongs to the authorization server', (path) => {
    expect(matchPath(path)).toEqual({ kind: 'oauth' })
  })

  it('answers any other well-known as JSON 404, never as a server', () => {
    expect(matchPath('/.well-known/security.txt')).toEqual({ kind: 'unknown-well-known' })
    expect(matchPath('/.well-known/oauth-protected-resource/Bad!')).toEqual({
      kind: 'unknown-well-known',
    })
  })
})
