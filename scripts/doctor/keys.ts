/** Keys and trust: would servers believe the router, and for how long. */
import { embedsAnchor } from '../deploy/embedded-anchor.ts'
import { keyFilePath, readKeyFile, trustedAnchors } from '../deploy/key-file.ts'
import { envFlag } from '../deploy/command.ts'
import { trustFile } from '../gen/trust.ts'
import { anchorsOf } from '../keys/rotation.ts'
import { shown } from '../root.ts'
import type { Patient } from './deployed.ts'
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
      `Run: npm run deploy ${server}${envFlag(env)}`,
    )
  }
}

function checkKeyFile({ settings, findings }: Patient, trust: string): void {
  const { env } = settings
  const path = shown(keyFilePath(env))
  const file = readKeyFile(env)
  if (!file) {
    return findings.note(
      path,
      'The keys are not on this machine: it can deploy, not rotate.',
      'Fine, if somebody has them. If nobody does: npm run rotate everything',
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
    const command = `npm run rotate ${file.rotating}${envFlag(env)}`
    findings.problem(path, `A rotation (${file.rotating}) is not finished.`, `Run: ${command}`)
  }
  const leftSeconds = file.keys.signing.expiresAtSeconds - Date.now() / 1000
  const days = Math.floor(leftSeconds / DAY_SECONDS)
  if (days > WARN_DAYS) findings.ok('Signing key', `vouched for ${days} days more`)
  else {
    const what = `vouched for ${days} days more; then every call fails.`
    findings.problem('Signing key', what, `Run: npm run rotate signing${envFlag(env)}`)
  }
}
