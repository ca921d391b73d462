/** What is measured of one row, per round and over all rounds. */
import { median, quantile } from './statistics.ts'

/** One row under one number of connections, in one round. */
export interface Sample {
  readonly calls: number
  readonly seconds: number
  /** User and system time of the workerd process, start to end of the window. */
  readonly cpuSeconds: number
  readonly latencyP50Us: number
  readonly latencyP99Us: number
}

export interface Round {
  /** One connection: what a caller alone waits. */
  readonly alone: Sample
  /** Many connections: what a core carries. */
  readonly busy: Sample
}

/** Medians over the rounds. */
export interface Measurement {
  readonly callsPerSecond: number
  readonly callsPerSecondMin: number
  readonly callsPerSecondMax: number
  /** CPU µs of the server process per call at many connections. */
  readonly cpuUs: number
  /** The same at one connection. */
  readonly cpuAloneUs: number
  readonly p50Us: number
  readonly p99Us: number
  readonly busyP50Us: number
  readonly busyP99Us: number
}

const US_PER_SECOND = 1e6

export function summarize(rounds: readonly Round[]): Measurement {
  const over = (pick: (round: Round) => number): number => median(rounds.map(pick))
  const rates = rounds.map(({ busy }) => callsPerSecondOf(busy))
  return {
    callsPerSecond: median(rates),
    callsPerSecondMin: quantile(rates, 0),
    callsPerSecondMax: quantile(rates, 1),
    cpuUs: over(({ busy }) => cpuUsOf(busy)),
    cpuAloneUs: over(({ alone }) => cpuUsOf(alone)),
    p50Us: over(({ alone }) => alone.latencyP50Us),
    p99Us: over(({ alone }) => alone.latencyP99Us),
    busyP50Us: over(({ busy }) => busy.latencyP50Us),
    busyP99Us: over(({ busy }) => busy.latencyP99Us),
  }
}

export const callsPerSecondOf = ({ calls, seconds }: Sample): number => calls / seconds

/** CPU time of the server process per call, in µs. */
export const cpuUsOf = ({ cpuSeconds, calls }: Sample): number =>
  (cpuSeconds * US_PER_SECOND) / calls
