/** The challenges of the resource server, as any browser or client gets them. */
import { describe, expect, test } from 'vitest'
import { challengeResponse } from '#shared/identity/challenge.ts'

const challenge = {
  description: 'Sign in first',
  resourceMetadataUrl: 'https://mcp.example/.well-known/oauth-protected-resource/clock/mcp',
}

describe.each([401, 403] as const)('%i', (status) => {
  test.each([
    ['content-security-policy', "default-src 'none'; sandbox"],
    ['x-content-type-options', 'nosniff'],
    ['cache-control', 'no-store'],
  ])('carries %s like every other answer', (name, value) => {
    expect(challengeResponse({ ...challenge, status }).headers.get(name)).toBe(value)
  })

  test('offers Bearer first, then DPoP (MCP SDKs read the first)', () => {
    const { headers } = challengeResponse({ ...challenge, status })
    expect(headers.get('www-authenticate')).toMatch(/^Bearer .*, DPoP .*algs="ES256/)
  })
})
