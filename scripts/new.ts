/** `npm run new <name>`: a server with a tool and a test that run at once; see `--help`. */
import { parseCommand } from './command-line.ts'
import { useDevEnvironment } from './environment.ts'
import { serverName } from './new/name.ts'
import { createServer } from './new/scaffold.ts'
import { DEFAULT_TEMPLATE, TEMPLATES } from './new/templates.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

const HELP = `npm run new <name> [-- --template ${[...TEMPLATES.keys()].join('|')}]

Writes workers/<name>/ (configuration, a tool) and test/unit/servers/<name>.test.ts,
and generates what \`npm test\` and \`npm run dev\` need. The name becomes the URL's:
https://HOST/<name>/mcp.

${[...TEMPLATES].map(([name, { about }]) => `  --template ${name.padEnd(8)} ${about}`).join('\n')}`

await runScript(async () => {
  const options = parse()
  if (!options) return console.log(HELP)
  const { template } = options
  process.chdir(ROOT)
  useDevEnvironment()
  // Wrangler reads its log level when it is loaded.
  process.env['WRANGLER_LOG'] = 'error'
  const name = serverName(options.name)
  const files = await createServer(name, template.files(name))
  console.log(done(name, files))
})

/** @returns `undefined` when only help was asked for */
function parse() {
  const { values, positionals } = parseCommand('npm run new', {
    allowPositionals: true,
    options: {
      template: { type: 'string', default: DEFAULT_TEMPLATE },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  if (values.help) return undefined
  const [name, ...more] = positionals
  if (name === undefined || more.length > 0) {
    throw new Stop('npm run new', 'Give the new server one name.', 'E.g. npm run new notes')
  }
  const template = TEMPLATES.get(values.template)
  if (template) return { name, template }
  throw new Stop(
    '--template',
    `There is no template "${values.template}".`,
    `Templates: ${[...TEMPLATES.keys()].join(', ')}.`,
  )
}

function done(name: string, files: readonly string[]): string {
  return `
✓ ${name}: ${files.join(', ')}

Next:
  npm run test:unit -- test/unit/servers/${name}.test.ts
  npm run dev
  claude mcp add --transport http ${name} http://localhost:8787/${name}/mcp
`
}
