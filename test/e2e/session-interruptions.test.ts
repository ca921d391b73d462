/**
 * Sessions of 2025 clients while the platform is evicted, cut and restarted between
 * every two steps (DESIGN §4.3), and across a rotation of the keys they are sealed
 * with (§4.2): the client notices nothing but a connection it must make again.
 */
import { paced } from '../_pace.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { devSecrets } from '../../scripts/dev-secrets.ts'
import type { SseEvent } from '../_sse.ts'
import { LegacyClient, type OpenStream } from './_legacy-client.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { interrupt, INTERRUPTIONS, restart, type Interruption } from './_restart.ts'

const FORM = { elicitation: { form: {} } }
const ANSWER = { action: 'accept', content: { username: 'ada', email: 'ada@example.com' } }
const ANSWERED =
  'User response: action=accept, content={"username":"ada","email":"ada@example.com"}'

/** A restart takes three seconds, on a busy machine ten; there are four of them in one test. */
const RESTARTS_TIMEOUT_MS = 180_000
const FEED_BOUND = { timeout: paced(7_000), interval: 500 }

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

const url = () => platform.mcpUrl('conformance')
const textOf = (event: SseEvent | undefined) => event?.message?.result?.content[0]?.text

/** Reads on where the stream was lost, as a client does. */
async function nextOf(client: LegacyClient, stream: OpenStream, lastId: string | undefined) {
  const event = await stream.next()
  if (event) return { stream, event }
  const again = await client.resume(lastId)
  return { stream: again, event: await again.next() }
}

describe.each(INTERRUPTIONS)('%s between every two steps', (how: Interruption) => {
  const between = () => interrupt(platform, how, ['SessionObject'])

  test(
    'a session lists, is asked, answers, and comes back for what it missed',
    { timeout: RESTARTS_TIMEOUT_MS },
    async () => {
      const client = await LegacyClient.open(url(), { capabilities: FORM })
      await between()
      const listed = await client.post({ id: 1, method: 'tools/list' })
      expect(listed.status).toBe(200)
      const first = await client.callTool('test_elicitation', { message: 'Who?' })
      const primed = await first.next()
      const question = await first.next()
      expect(question?.message?.method).toBe('elicitation/create')
      await between()
      const { id } = question?.message ?? {}
      expect((await client.post({ id, result: ANSWER })).status).toBe(202)
      const { stream, event } = await nextOf(client, first, question?.id)
      expect(textOf(event)).toBe(ANSWERED)
      expect(await stream.next()).toBeUndefined()
      await between()
      const replayed = await client.resume(primed?.id)
      expect((await replayed.next())?.message).toEqual(question?.message)
      expect((await replayed.next())?.message).toEqual(event?.message)
      expect(await replayed.next()).toBeUndefined()
      expect((await client.delete()).status).toBe(200)
      await between()
      // An isolate that has just started may read the feed of a moment ago (DESIGN §2: ≤ 10 s).
      await expect
        .poll(async () => (await client.post({ id: 2, method: 'ping' })).status, FEED_BOUND)
        .toBe(404)
    },
  )
})

test(
  'keys rotate with overlap: old sessions and open questions go on, and end when the old key does',
  { timeout: RESTARTS_TIMEOUT_MS },
  async () => {
    const { router } = await devSecrets()
    const old = router.SEAL_SECRETS
    const fresh = `fresh:${Buffer.alloc(32, 7).toString('base64url')}`
    const client = await LegacyClient.open(url(), { capabilities: FORM })
    const stream = await client.callTool('test_elicitation', { message: 'Who?' })
    await stream.next()
    const question = await stream.next()

    await restart(platform, { secrets: { router: { SEAL_SECRETS: `${fresh},${old}` } } })
    const answered = await client.post({ id: question?.message?.id, result: ANSWER })
    expect(answered.status).toBe(202)
    expect(textOf(await (await client.resume(question?.id)).next())).toBe(ANSWERED)
    const young = await LegacyClient.open(url())
    expect(young.sessionId).toMatch(/^fresh\./)
    const both = () =>
      Promise.all(
        [client, young].map(async (one) => (await one.post({ id: 9, method: 'ping' })).status),
      )
    expect(await both()).toEqual([200, 200])

    await restart(platform, { secrets: { router: { SEAL_SECRETS: fresh } } })
    expect(await both()).toEqual([404, 200])
  },
)
