/** `x-mcp-header` parameters through the router: compared in 2026-07-28, made by the bridge for 2025 (SEP-2243). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { legacy, modern, send, type Wire } from './_wire.ts'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

const call = { name: 'test_x_mcp_header', arguments: { region: 'Zürich' } }
const HEADER = { 'mcp-param-region': '=?base64?WsO8cmljaA==?=' }
const post = ({ headers, body }: Wire, extra: Record<string, string> = {}) =>
  send(platform.origin, { path: '/conformance/mcp', headers: { ...headers, ...extra }, body })

test('2026-07-28: a header that agrees passes; one that is missing or disagrees is −32020', async () => {
  const agreed = await post(modern('tools/call', call), HEADER)
  expect(JSON.stringify(agreed.message.result)).toContain('Region: Zürich')
  for (const extra of [{}, { 'mcp-param-region': 'Bern' }]) {
    const refused = await post(modern('tools/call', call), extra as Record<string, string>)
    expect(refused.status).toBe(400)
    expect(refused.message.error).toMatchObject({ code: -32020 })
  }
})

test('2025-11-25: the client knows no such headers, and what it sends of them counts for nothing', async () => {
  for (const extra of [{}, { 'mcp-param-region': 'Bern' }]) {
    const answer = await post(legacy('tools/call', call), extra as Record<string, string>)
    expect(JSON.stringify(answer.message.result)).toContain('Region: Zürich')
  }
})
