/** What `npm run doctor` has to say about one thing. */
import type { DeployedPlatform } from '../deploy/account.ts'
import type { Cloudflare } from '../deploy/cloudflare.ts'
import type { DeploySettings } from '../deploy/settings.ts'

export interface Finding {
  /** `local`, or the environment. */
  readonly area: string
  readonly subject: string
  /** A note is no problem: the platform works without it. */
  readonly level: 'ok' | 'note' | 'problem'
  readonly what: string
  /** Empty when all is well. */
  readonly remedy: string
}

/** Findings of one area. */
export interface Findings {
  readonly all: readonly Finding[]
  ok(subject: string, what: string): void
  note(subject: string, what: string, remedy: string): void
  problem(subject: string, what: string, remedy: string): void
}

export function createFindings(area: string): Findings {
  const all: Finding[] = []
  return {
    all,
    ok: (subject, what) => void all.push({ area, subject, level: 'ok', what, remedy: '' }),
    note: (subject, what, remedy) => void all.push({ area, subject, level: 'note', what, remedy }),
    problem: (subject, what, remedy) =>
      void all.push({ area, subject, level: 'problem', what, remedy }),
  }
}

const MARKS = { ok: '✓', note: '·', problem: '✘' } as const

export function showFinding({ level, subject, what, remedy }: Finding): string {
  const head = `  ${MARKS[level]} ${subject}: ${what}`
  return remedy === '' ? head : `${head}\n      → ${remedy}`
}

/** What the checks of one environment share. */
export interface Patient {
  readonly settings: DeploySettings
  readonly cloudflare: Cloudflare
  readonly state: DeployedPlatform
  /** Servers of this repository. */
  readonly servers: readonly string[]
  readonly findings: Findings
  /** The command that mends most things. */
  readonly deploy: string
}
