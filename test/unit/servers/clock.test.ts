import { describe, expect, it } from 'vitest'
import now from '../../../workers/clock/tools/now.ts'
import { startEngine, textOf } from '../engine/_harness.ts'

const engine = await startEngine({ now })

describe('now', () => {
  it('tells the time in a zone, and the same moment in UTC', async () => {
    const { result } = await engine.call('now', { zone: 'Asia/Kolkata' })
    const { zone, local, iso } = result.structuredContent as Record<string, string>
    expect(zone).toBe('Asia/Kolkata')
    expect(local).toContain(String(new Date().getUTCFullYear()))
    expect(Math.abs(Date.parse(iso ?? '') - Date.now())).toBeLessThan(60_000)
  })

  it('means UTC when no zone is named', async () => {
    const { result } = await engine.call('now')
    expect(result.structuredContent).toMatchObject({ zone: 'UTC' })
  })

  it('says what a zone looks like when it gets none', async () => {
    expect(textOf(await engine.call('now', { zone: 'Mars' }))).toContain('IANA name such as')
  })
})
