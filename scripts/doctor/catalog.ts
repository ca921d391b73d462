/** Do Catalog, feed and KV of one platform hold the same? Asked with the platform's own keys. */
import { STANDING_AUDIENCE_PATH, STANDING_SCOPE } from '#shared/identity/operator.ts'
import { nextCommand } from '#shared/lib/next-command.ts'
import type { Standing } from '#shared/catalog/standing.ts'
import { lostNote, numbersOf, remediesOf } from '../catalog/standing.ts'
import { operatorOf } from '../keys/operator.ts'
import { Stop } from '../stop.ts'
import type { Findings } from './finding.ts'

const SUBJECT = 'Catalog'

/**
 * @param env whose keys are used: `dev`, or an environment that was deployed
 */
export async function checkCatalog(findings: Findings, env: string): Promise<void> {
  try {
    const audience = { audiencePath: STANDING_AUDIENCE_PATH, scope: STANDING_SCOPE }
    const operator = await operatorOf(env, undefined, audience)
    const standing = (await operator.request('GET', STANDING_AUDIENCE_PATH)) as Standing
    const wrong = remediesOf(standing, env)
    for (const { what, remedy } of wrong) findings.problem(SUBJECT, what, remedy)
    if (wrong.length === 0) findings.ok(SUBJECT, numbersOf(standing))
    const note = lostNote(standing)
    if (note !== undefined) findings.note(SUBJECT, note, 'Nothing is to be done.')
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const [where, what = ''] = error.message.split('\n')
    const remedy = `To compare them all the same: ${nextCommand(env, 'catalog', 'status')}`
    findings.note(SUBJECT, `Its numbers cannot be compared (${where}: ${what.trim()})`, remedy)
  }
}
