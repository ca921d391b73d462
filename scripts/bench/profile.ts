/**
 * Where the time of a row goes: V8's sampling profiler in every Worker of the
 * row's deployment while it is under load. Bundles are not minified, for names;
 * times are inflated by the profiler, so compare them with each other only.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { devSecrets } from '../dev-secrets.ts'
import { useDevEnvironment } from '../environment.ts'
import { ROOT } from '../root.ts'
import { assignCores } from './cores.ts'
import { freePort } from './free-port.ts'
import { Inspector, SAMPLING_INTERVAL_US, type CpuProfile } from './inspector.ts'
import { LoadGenerator } from './load.ts'
import { BUSY_CONNECTIONS } from './rounds.ts'
import type { TargetPlan } from './target.ts'
import { Workerd } from './workerd.ts'

const FOLDER = join(ROOT, '.gen', 'bench-profile')
const WARM_UP_MS = 2000
const PROFILE_MS = 5000
const SHOWN_FUNCTIONS = 25
/** Anything below is sampling noise. */
const SHOWN_US = 0.2

/** @returns self times per call as text, one list per Worker that did anything */
export async function profileRow(rowId: string, plan: TargetPlan): Promise<string> {
  useDevEnvironment()
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  await devSecrets()
  const cores = assignCores()
  const target = await plan.create({ folder: FOLDER, minify: false, freePort })
  const row = target.rows.find(({ id }) => id === rowId)
  if (!row) throw new Error(`no row ${rowId}`)
  const inspectorPort = await freePort()
  const args = [`--inspector-addr=127.0.0.1:${inspectorPort}`]
  const workerd = await Workerd.start(FOLDER, target.deployment, cores.server, args)
  const load = new LoadGenerator(cores.load)
  try {
    const { port, sentOnce = false } = row
    const drive = async (milliseconds: number) => {
      const exchanges = await row.exchanges()
      return load.run({ port, connections: BUSY_CONNECTIONS, exchanges, sentOnce, milliseconds })
    }
    await drive(WARM_UP_MS)
    const inspectors = await Promise.all(
      target.deployment.services.map(({ name }) => Inspector.attach(inspectorPort, name)),
    )
    const { calls } = await drive(PROFILE_MS)
    const lists = target.deployment.services.map(async ({ name, module }, index) => {
      const profile = await inspectors[index]?.stop()
      return profile && listOf(name, profile, join(FOLDER, module), calls)
    })
    return (await Promise.all(lists)).filter(Boolean).join('\n\n')
  } finally {
    load.close()
    await workerd.close()
  }
}

function listOf(
  worker: string,
  profile: CpuProfile,
  module: string,
  calls: number,
): string | undefined {
  const files = sourceFiles(readFileSync(module, 'utf8'))
  const selfUs = new Map<string, number>()
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  for (const id of profile.samples) {
    const frame = frames.get(id)
    if (!frame || frame.functionName === '(idle)') continue
    const file = frame.url === '' ? '' : `  ${files[frame.lineNumber] ?? frame.url}`
    const place = `${frame.functionName || '(anonymous)'}${file}`
    selfUs.set(place, (selfUs.get(place) ?? 0) + SAMPLING_INTERVAL_US)
  }
  const lines = [...selfUs]
    .map(([place, us]) => ({ place, us: us / calls }))
    .filter(({ us }) => us >= SHOWN_US)
    .sort((a, b) => b.us - a.us)
    .slice(0, SHOWN_FUNCTIONS)
    .map(({ place, us }) => `${us.toFixed(1).padStart(8)} µs  ${place}`)
  return lines.length === 0 ? undefined : [`${worker} (self time per call)`, ...lines].join('\n')
}

/** esbuild says above each file's code which file it was. @returns source file by line of the bundle */
function sourceFiles(bundle: string): string[] {
  let current = ''
  return bundle.split('\n').map((line) => {
    const [, file] = /^\s*\/\/ (\S+\.[cm]?[jt]sx?)$/.exec(line) ?? []
    if (file !== undefined) current = file
    return current
  })
}
