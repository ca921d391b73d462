/** Keys and trust: would servers believe the router, and for how long. */
import { nextCommand } from '#shared/lib/next-command.ts'
import { embedsAnchor } from '../deploy/embedded-anchor.ts'
import { keyFilePath, readKeyFile, trustedAnchors } from '../deploy/key-file.ts'
import { copyProblem } from '../deploy/key-copy.ts'
import { standingOf } from '../deploy/key-pins.ts'
import { PLATFORM_ROLES, PLATFORM_WORKERS, workerName } from '../deploy/names.ts'
import { trustFile } from '../gen/trust.ts'
import { anchorsOf } from '../keys/rotation.ts'
import { shown } from '../root.ts'
import type { Patient } from './finding.ts'
import { runningServers } from './servers.ts'

const DAY_SECONDS = 86_400
/** Time enough to notice, however seldom doctor runs. */
const WARN_DAYS = 60

export async function checkKeys(patient: Patient): Promise<void> {
  const { settings, findings } = patient
  const { env } = settings
  const [anchor] = trustedAnchors(env)
  const trust = shown(trustFile(env))
  if (!anchor) {
    return findings.problem(
      trust,
      'missing: no server can be built.',
      'Fetch the commit that holds it.',
    )
  }
  checkKeyFile(patient, trust)
  for (const server of runningServers(patient)) {
    if (await embedsAnchor(patient, server, anchor)) continue
    findings.problem(
      server,
      `was built with another trust anchor than ${trust}: it may refuse the router.`,
      `Run: ${nextCommand(env, 'deploy', server)}`,
    )
  }
}

function checkKeyFile({ settings, state, findings, deploy }: Patient, trust: string): void {
  const { env } = settings
  const path = shown(keyFilePath(env))
  const file = readKeyFile(env)
  if (!file) {
    return findings.note(
      path,
      'The keys are not on this machine: it can deploy, not rotate.',
      `Fine, if a colleague has them. If they are lost: ${nextCommand(env, 'rotate', 'everything')}`,
    )
  }
  const problem = copyProblem(env, state.platform)
  if (problem) {
    const { where, what, remedy } = problem
    return findings.problem(where, what, remedy.replace(/\s+/g, ' '))
  }
  for (const role of PLATFORM_ROLES) {
    if (standingOf(file, role, state.platform[role]) !== 'mixed') continue
    findings.problem(
      workerName(PLATFORM_WORKERS[role], env),
      'was sent the keys of two copies at once: whose are in force is unknown.',
      `Agree on one copy, and where it is: ${deploy}`,
    )
  }
  const trusted = trustedAnchors(env).map(({ x }) => x)
  const unknown = anchorsOf(file.keys).some(({ x }) => !trusted.includes(x))
  if (unknown) {
    findings.problem(
      path,
      `${trust} does not hold its anchor.`,
      'Restore the file that is out of date.',
    )
  }
  if (file.rotating !== undefined) {
    const command = nextCommand(env, 'rotate', file.rotating)
    findings.problem(path, `A rotation (${file.rotating}) is not finished.`, `Run: ${command}`)
  }
  const leftSeconds = file.keys.signing.expiresAtSeconds - Date.now() / 1000
  const days = Math.floor(leftSeconds / DAY_SECONDS)
  if (days > WARN_DAYS) findings.ok('Signing key', `vouched for ${days} days more`)
  else {
    const what = `vouched for ${days} days more; then every call fails.`
    findings.problem('Signing key', what, `Run: ${nextCommand(env, 'rotate', 'signing')}`)
  }
}
