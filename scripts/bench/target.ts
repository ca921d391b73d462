/** What is measured: deployments, each one workerd process, and the rows they answer. */
import type { BundlePlace } from './bundle.ts'
import type { Deployment } from './capnp.ts'
import type { Exchange } from './request.ts'

export interface Row {
  readonly id: string
  readonly title: string
  readonly port: number
  /** Asked before each round, when the deployment runs; what expires is renewed here. */
  exchanges(): readonly Exchange[] | Promise<readonly Exchange[]>
  /** Each may be sent a single time: a window ends with the last of them. */
  readonly sentOnce?: boolean
}

export interface Target {
  readonly deployment: Deployment
  readonly rows: readonly Row[]
}

/** A target that is not built yet: nothing is, when none of its rows is wanted. */
export interface TargetPlan {
  readonly name: string
  readonly rowIds: readonly string[]
  create(site: Site): Promise<Target>
}

/** A target's own place, and what all targets share. */
export interface Site extends BundlePlace {
  /** A loopback port nobody listens on. */
  freePort(): Promise<number>
}

export const COMPATIBILITY_DATE = '2026-10-01'

export const urlOf = (port: number, path: string): URL => new URL(`http://localhost:${port}${path}`)
