/** Every check that runs when a server describes itself. A new one is one file and one line here. */
import type { Finding } from '#shared/catalog/records.ts'
import { FINDINGS_MAX } from '../../limits.ts'
import type { Check, Checked } from './check.ts'
import { descriptions } from './descriptions.ts'
import { foreignTools } from './foreign-tools.ts'
import { hiddenUnicode } from './hidden-unicode.ts'
import { instructions } from './instructions.ts'
import { names } from './names.ts'
import { tokens } from './tokens.ts'

const CHECKS: Readonly<Record<string, Check>> = {
  'hidden-unicode': hiddenUnicode,
  instructions,
  'foreign-tools': foreignTools,
  descriptions,
  tokens,
  names,
}

/** Refusals first; what is over the bound is only counted. */
export function runChecks(checked: Checked): Finding[] {
  const found = Object.entries(CHECKS).flatMap(([check, run]) =>
    run(checked).map((one) => ({ check, ...one })),
  )
  const isRefusal = ({ level }: Finding): boolean => level === 'refusal'
  const sorted = [...found.filter(isRefusal), ...found.filter((one) => !isRefusal(one))]
  if (sorted.length <= FINDINGS_MAX) return sorted
  const rest = sorted.length - FINDINGS_MAX + 1
  const more: Finding = { level: 'warning', check: 'more', detail: `And ${rest} more findings` }
  return [...sorted.slice(0, FINDINGS_MAX - 1), more]
}
