/** `npm run doctor`: what is missing or wrong in an installation; see `--help`. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { parseCommand } from './command-line.ts'
import { COMMON_OPTIONS } from './deploy/command.ts'
import { checkEnvironment } from './deploy/names.ts'
import { checkDeployed } from './doctor/deployed.ts'
import { showFinding, type Finding } from './doctor/finding.ts'
import { checkLocal } from './doctor/local.ts'
import { useQuietWrangler } from './environment.ts'
import { listServers } from './gen/sources.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

const HELP = `npm run doctor [-- --local] [-- --env <name>] [-- --json]

Says what is missing or wrong, and what to do about it: on this machine, and in every
environment that has a deploy.<env>.json. Changes nothing. Ends with 1 when there is
a problem; a note (·) is none.

  --local       this machine only; needs no network
  --env <name>  that environment only
  --json        a JSON array of { area, subject, level, what, remedy }`

await runScript(async () => {
  const { values } = parseCommand('npm run doctor', {
    options: {
      env: { type: 'string' },
      help: COMMON_OPTIONS.help,
      json: { type: 'boolean', default: false },
      local: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  process.chdir(ROOT)
  useQuietWrangler()
  const findings = values.env === undefined ? [...(await checkLocal())] : []
  const environments = values.local ? [] : environmentsOf(values.env)
  for (const env of environments) findings.push(...(await checkDeployed(env, servers())))
  console.log(values.json ? JSON.stringify(findings, null, 2) : show(findings))
  if (findings.some(({ level }) => level === 'problem')) process.exitCode = 1
})

/** None where a folder's name is wrong: the local findings say so. */
function servers(): string[] {
  try {
    return listServers(join(ROOT, 'workers'))
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    return []
  }
}

function environmentsOf(named: string | undefined): string[] {
  if (named === undefined) {
    const files = globSync('deploy.*.json', { cwd: ROOT })
    return files.map((file) => file.split('.')[1] ?? '').sort()
  }
  checkEnvironment(named, 'npm run doctor -- --local')
  return [named]
}

function show(findings: readonly Finding[]): string {
  const areas = [...new Set(findings.map(({ area }) => area))]
  const shown = areas.map((area) => {
    const own = findings.filter((finding) => finding.area === area)
    return [area, ...own.map(showFinding)].join('\n')
  })
  const problems = findings.filter(({ level }) => level === 'problem').length
  return [...shown, problems === 0 ? 'No problem found.' : `Problems: ${problems}.`].join('\n\n')
}
