/** Durations as people write them: `10m`, `24h`, `90d`. */
import { Stop } from '../stop.ts'

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 }

/** @throws Stop naming the option */
export function secondsOf(option: string, text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? []
  const seconds = UNIT_SECONDS[unit]
  if (count !== undefined && seconds !== undefined) return Number(count) * seconds
  throw new Stop(option, `"${text}" is no duration.`, 'Write 10m, 24h or 90d.')
}
