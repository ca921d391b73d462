import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createTestClient, testServer } from '#shared/testing.ts'
import forecast from '../../../workers/weather/tools/forecast.ts'

const server = { tools: { forecast } }
testServer(server)

const WEATHER_KEY = 'key-of-the-test'
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Asks for the weather of Oslo, which the upstream answers as it likes. */
async function forecastFrom(upstream: RequestListener) {
  const http = createServer(upstream)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  closers.push(() => http.close())
  const { port } = http.address() as AddressInfo
  const env = { WEATHER_URL: `http://127.0.0.1:${port}`, WEATHER_KEY }
  return (await createTestClient(server, { env })).call('forecast', { city: 'Oslo' })
}
const oslo = { city: 'Oslo', celsius: -3, sky: 'clear' }

test('asks with the key of the server, and passes on no more than it promised', async () => {
  const asked: unknown[] = []
  const { structured } = await forecastFrom(({ url, headers }, response) => {
    asked.push([url, headers.authorization])
    response.end(JSON.stringify({ ...oslo, internal: 'secret' }))
  })
  expect(structured).toEqual(oslo)
  expect(asked).toEqual([['/today/Oslo', `Bearer ${WEATHER_KEY}`]])
})

test('tries again after a failure of the service', async () => {
  let attempts = 0
  const { structured } = await forecastFrom((_request, response) => {
    if (++attempts < 3) response.writeHead(503).end()
    else response.end(JSON.stringify(oslo))
  })
  expect(structured).toEqual(oslo)
})

test('says when to come back, after three attempts', async () => {
  let attempts = 0
  const { error } = await forecastFrom((_request, response) => {
    attempts++
    response.writeHead(500).end()
  })
  expect(error).toEqual({ retryable: true, retryAfterMs: 30_000 })
  expect(attempts).toBe(3)
})

test('tells the model what it can put right, and not what it cannot', async () => {
  const unknown = await forecastFrom((_request, response) => response.writeHead(404).end())
  expect(unknown).toMatchObject({ isError: true, text: 'There is no city "Oslo".' })
  const refused = await forecastFrom((_request, response) => response.writeHead(401).end())
  expect(refused.text).toMatch(/^Internal error \(ref \w+\)$/)
})
