import { describe, expect, it } from 'vitest'
import { createOriginPolicy, exposeTo, preflightResponse } from '../../../workers/router/cors.ts'

describe('createOriginPolicy', () => {
  it('lets only loopback origins call a loopback host (DNS rebinding)', () => {
    const policy = createOriginPolicy('http://localhost:8787', '')
    expect(policy.allow('http://localhost:6274')).toBe('http://localhost:6274')
    expect(policy.allow('http://127.0.0.1:3000')).toBe('http://127.0.0.1:3000')
    expect(policy.allow('https://evil.example')).toBeUndefined()
    expect(policy.allow('http://localhost.evil.example')).toBeUndefined()
    expect(policy.allow('null')).toBeUndefined()
  })

  it('lets any origin call a public host, without credentials', () => {
    expect(createOriginPolicy('https://mcp.example.com', '').allow('https://a.example')).toBe('*')
  })

  it('narrows a public host to ALLOWED_ORIGINS', () => {
    const policy = createOriginPolicy(
      'https://mcp.example.com',
      'https://a.example, https://b.example',
    )
    expect(policy.allow('https://b.example')).toBe('https://b.example')
    expect(policy.allow('https://c.example')).toBeUndefined()
  })
})

describe('preflightResponse', () => {
  it('echoes requested header names that look like header names, and no others', () => {
    const request = new Request('http://localhost/clock/mcp', {
      method: 'OPTIONS',
      headers: { 'Access-Control-Request-Headers': 'Mcp-Session-Id, x y, authorization, <script>' },
    })
    const { headers, status } = preflightResponse(request, '*')
    expect(status).toBe(204)
    expect(headers.get('Access-Control-Allow-Headers')).toBe('mcp-session-id, authorization')
    expect(headers.has('Access-Control-Allow-Credentials')).toBe(false)
  })
})

describe('exposeTo', () => {
  it('exposes the challenge and session headers also on a refusal', () => {
    const response = exposeTo('https://a.example', new Response(null, { status: 401 }))
    expect(response.headers.get('Access-Control-Expose-Headers')).toContain('WWW-Authenticate')
    expect(response.headers.get('Vary')).toContain('Origin')
  })
})
