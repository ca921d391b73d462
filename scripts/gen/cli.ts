/** The generator's command line; see `--help`. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../root.ts'
import { runScript, Stop } from '../stop.ts'
import { generateServer } from './entry.ts'
import { DEV, ENVIRONMENT_VARIABLE, readTrust } from './trust.ts'

const HELP = `mcp-edge-gen [--all | --dev] [server …]

Writes workers/<server>/.gen/index.ts, the Worker that serves the tools in
workers/<server>/tools/*.ts. Wrangler calls it before every build ([build] in
the server's wrangler.toml).

  --all   every server, and the router's configuration .gen/router.json
  --dev   like --all, for development: makes keys and trust anchor if there are none

${ENVIRONMENT_VARIABLE} names the environment whose trust anchor is embedded,
shared/trust.<environment>.json; production unless set.`

await runScript(async () => {
  const { values, positionals } = parse()
  if (values.help) return console.log(HELP)
  const all = values.all || values.dev
  if (all === positionals.length > 0) {
    throw new Stop('mcp-edge-gen', 'Name servers, or say --all or --dev.', 'See --help.')
  }
  if (all) {
    const { generateAll } = await import('./all.ts')
    return generateAll(values.dev ? DEV : undefined)
  }
  const trust = readTrust()
  for (const name of positionals) {
    const { build, digest } = await generateServer(join(ROOT, 'workers'), name, trust)
    console.log(`✓ ${name}: build ${build}, definitions ${digest}`)
  }
})

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: { type: 'boolean', default: false },
        dev: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    })
  } catch (error) {
    throw new Stop('mcp-edge-gen', (error as Error).message, 'See --help.')
  }
}
