/** `npm run inspect`: the official MCP Inspector on a running platform; see `--help`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseCommand } from './command-line.ts'
import { listServers } from './gen/sources.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

/** 110 MB of packages: fetched when first used, not with the project. */
const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0'
const DEFAULT_ORIGIN = 'http://localhost:8787'
const HEALTH_TIMEOUT_MS = 5_000
const ERAS = ['auto', 'modern', 'legacy']

const HELP = `npm run inspect [-- server] [-- --origin url] [-- --era auto|modern|legacy]

Opens the official MCP Inspector in the browser, on one server of a running
platform. It signs in as any client does: allow it, with the sign-in link that
npm run dev printed.

  server        default: the first of workers/
  --origin url  default ${DEFAULT_ORIGIN}; a deployed platform works too
  --era era     2026-07-28 (modern), 2025-11-25 (legacy), or what both speak (auto,
                the default)

The Inspector is fetched by npx at its first use, which needs a network.`

await runScript(async () => {
  const options = parse()
  if (!options) return console.log(HELP)
  await assertRunning(options.origin)
  const url = `${options.origin}/${options.server}/mcp`
  console.log(`Opening the MCP Inspector on ${url}`)
  const args = ['--web', '--transport', 'http', '--server-url', url, '--protocol-era', options.era]
  const inspector = spawn('npx', ['--yes', INSPECTOR, ...args], { stdio: 'inherit' })
  const [code, signal] = (await once(inspector, 'exit')) as [number | null, string | null]
  // Ended by Ctrl-C, as it is meant to be.
  if (code === 0 || code === 130 || signal === 'SIGINT') return
  const remedy = 'It is fetched at its first use: is there a network? Is its port 6274 free?'
  throw new Stop('npm run inspect', `The Inspector ended with exit code ${code}`, remedy)
})

async function assertRunning(origin: string): Promise<void> {
  try {
    const health = await fetch(`${origin}/health`, {
      signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
    })
    if (health.ok) return
  } catch {
    // Nothing answers there: said below.
  }
  const remedy = 'Start it with npm run dev, or name another with --origin.'
  throw new Stop('npm run inspect', `No platform answers at ${origin}`, remedy)
}

interface Options {
  readonly server: string
  readonly origin: string
  readonly era: string
}

/** @returns `undefined` when only help was asked for */
function parse(): Options | undefined {
  const { values, positionals } = readArguments()
  if (values.help) return undefined
  const servers = listServers(join(ROOT, 'workers'))
  const server = positionals[0] ?? servers[0]
  if (server === undefined || !servers.includes(server)) {
    const what = server === undefined ? 'There is no server' : `There is no server "${server}"`
    throw new Stop(
      'npm run inspect',
      what,
      `Servers: ${servers.join(', ') || 'npm run new <name>'}`,
    )
  }
  const origin = URL.parse(values.origin)?.origin
  if (origin === undefined || origin === 'null') {
    throw new Stop('npm run inspect', `"${values.origin}" is no origin`, `Say ${DEFAULT_ORIGIN}.`)
  }
  if (!ERAS.includes(values.era)) {
    throw new Stop('npm run inspect', `There is no era "${values.era}"`, `Say ${ERAS.join(', ')}.`)
  }
  return { server, origin, era: values.era }
}

function readArguments() {
  return parseCommand('npm run inspect', {
    allowPositionals: true,
    options: {
      origin: { type: 'string', default: DEFAULT_ORIGIN },
      era: { type: 'string', default: 'auto' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
}
