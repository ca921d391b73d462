import { describe, expect, test } from 'vitest'
import { createTestClient, testServer } from '#shared/testing.ts'
import now from '../../../workers/clock/tools/now.ts'

testServer({ tools: { now } })

describe('now', () => {
  test('tells the time in a zone, and the same moment in UTC', async () => {
    const client = await createTestClient({ tools: { now } })
    const { structured } = await client.call('now', { zone: 'Asia/Kolkata' })
    const { zone, local, iso } = structured as Record<string, string>
    expect(zone).toBe('Asia/Kolkata')
    expect(local).toContain(String(new Date().getUTCFullYear()))
    expect(Math.abs(Date.parse(iso ?? '') - Date.now())).toBeLessThan(60_000)
  })

  test('means UTC when no zone is named', async () => {
    const client = await createTestClient({ tools: { now } })
    expect((await client.call('now')).structured).toMatchObject({ zone: 'UTC' })
  })

  test('says what a zone looks like when it gets none', async () => {
    const client = await createTestClient({ tools: { now } })
    const { isError, text } = await client.call('now', { zone: 'Mars' })
    expect(isError).toBe(true)
    expect(text).toContain('IANA name such as')
  })
})
