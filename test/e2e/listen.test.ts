/** `subscriptions/listen` on the wire (2026-07-28 basic/patterns/subscriptions). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EVERYONE } from '../../shared/hub/topics.ts'
import { listen, publishTo } from './_listen.ts'
import { startPlatform, type Platform } from './_platform.ts'

let platform: Platform
let url: URL
beforeAll(async () => {
  platform = await startPlatform()
  url = platform.mcpUrl('conformance')
})
afterAll(() => platform.close())

const TAG = { 'io.modelcontextprotocol/subscriptionId': 'listen-1' }

test('says first what it honours, then only that, each with the id of the request', async () => {
  const stream = await listen(url, { toolsListChanged: true, promptsListChanged: false })
  expect(stream.status).toBe(200)
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  expect(stream.headers.get('x-accel-buffering')).toBe('no')
  await expect.poll(() => stream.messages).toHaveLength(1)
  await publishTo(platform, 'conformance', { frame: { kind: 'prompts' }, audience: EVERYONE })
  await publishTo(platform, 'conformance', { frame: { kind: 'tools' }, audience: EVERYONE })
  await expect.poll(() => stream.messages).toHaveLength(2)
  expect(stream.messages).toEqual([
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true }, _meta: TAG },
    },
    { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: TAG } },
  ])
  stream.close()
})
