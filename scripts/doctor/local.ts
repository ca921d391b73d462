/** This machine and this checkout: what `npm run dev`, `npm test` and a build need. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { experimental_readRawConfig } from 'wrangler'
import { PLATFORM_CONFIGS } from '../deploy/names.ts'
import { serverConfigPath } from '../deploy/config.ts'
import { DEV_SECRETS } from '../dev-secrets.ts'
import { DEV } from '../gen/trust.ts'
import { probe } from '../gen/probe.ts'
import { listServers, readServerSource } from '../gen/sources.ts'
import { SECRET_FILE_MODE } from '../gen/write-if-changed.ts'
import { ROOT, shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { checkCatalog } from './catalog.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'

/** What wrangler and vitest ask for. */
const NODE_MIN = [22, 12] as const
const DEV_PORT = 8787

export async function checkLocal(): Promise<readonly Finding[]> {
  const findings = createFindings('local')
  checkNode(findings)
  checkDependencies(findings)
  checkTypes(findings)
  checkSecretFiles(findings)
  await checkServers(findings)
  checkDates(findings)
  const isFree = await checkPort(findings)
  // Only a platform that runs here has keys of this folder's and a catalog to compare.
  if (!isFree && existsSync(DEV_SECRETS)) await checkCatalog(findings, DEV)
  return findings.all
}

function checkNode({ ok, problem }: Findings): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const enough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])
  if (enough) return ok('Node', process.versions.node)
  problem(
    'Node',
    `${process.versions.node}, and wrangler needs ${NODE_MIN.join('.')}.`,
    'Use `npm run …`, which takes the Node of node_modules (on Linux), or install Node 24.',
  )
}

interface Package {
  readonly version: string
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
}

function checkDependencies({ ok, problem }: Findings): void {
  const read = (path: string): Package => JSON.parse(readFileSync(path, 'utf8')) as Package
  const { dependencies, devDependencies } = read(join(ROOT, 'package.json'))
  const wrong = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([name, version]) => {
      const path = join(ROOT, 'node_modules', name, 'package.json')
      return !existsSync(path) || read(path).version !== version
    },
  )
  if (wrong.length === 0) return ok('Dependencies', 'as in package.json')
  const names = wrong.map(([name, version]) => `${name}@${version}`).join(', ')
  problem('Dependencies', `not installed: ${names}`, 'Run: npm ci')
}

function checkTypes({ ok, note }: Findings): void {
  if (existsSync(join(ROOT, '.gen', 'runtime.d.ts'))) return ok('Types of bindings', 'generated')
  note(
    'Types of bindings',
    'not generated: editors show errors that are none.',
    'Run: npm run types',
  )
}

function checkSecretFiles({ ok, problem }: Findings): void {
  const files = ['.gen/dev-secrets.json', ...globSync('.keys/*.json', { cwd: ROOT })]
    .map((file) => join(ROOT, file))
    .filter(existsSync)
  for (const file of files) {
    const mode = statSync(file).mode & 0o777
    if (mode === SECRET_FILE_MODE) ok(shown(file), 'readable by you alone')
    else problem(shown(file), 'Others can read it.', `Run: chmod 600 ${shown(file)}`)
  }
}

/** Loads every server as a build does, and writes nothing. */
async function checkServers({ ok, problem }: Findings): Promise<void> {
  const workers = join(ROOT, 'workers')
  try {
    for (const name of listServers(workers)) {
      const { tools } = await probe(readServerSource(workers, name))
      ok(`workers/${name}`, `${tools.length} tools`)
    }
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const [where = '', what = '', ...rest] = error.message.split('\n')
    problem(where, what.trim(), rest.join(' ').replace(/^\s*→\s*/, ''))
  }
}

/** One date for all: what was tested together runs together. */
function checkDates({ ok, problem }: Findings): void {
  const dateOf = (config: string) =>
    experimental_readRawConfig({ config }).rawConfig.compatibility_date
  const wanted = dateOf(PLATFORM_CONFIGS.router)
  const servers = listServers(join(ROOT, 'workers')).map(serverConfigPath).filter(existsSync)
  const others = [PLATFORM_CONFIGS.oauth, PLATFORM_CONFIGS.objects, ...servers]
  const wrong = others.filter((path) => dateOf(path) !== wanted)
  if (wrong.length === 0) return ok('Compatibility date', `${wanted} everywhere`)
  problem(
    wrong.map(shown).join(', '),
    `its compatibility_date is not ${wanted}, the one this release was tested with.`,
    `Write: compatibility_date = "${wanted}"`,
  )
}

async function checkPort({ ok, note }: Findings): Promise<boolean> {
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port: DEV_PORT, host: '127.0.0.1', exclusive: true }, () =>
      server.close(() => resolve(true)),
    )
  })
  if (free) ok(`Port ${DEV_PORT}`, 'free')
  else noteTaken(note)
  return free
}

function noteTaken(note: Findings['note']): void {
  note(
    `Port ${DEV_PORT}`,
    'in use, perhaps by `npm run dev`.',
    `Another port: npm run dev -- --port ${DEV_PORT + 1}`,
  )
}
