/** `npm run dev`: the whole platform on this machine; see `--help`. */
import { join, resolve } from 'node:path'
import { parseCommand } from './command-line.ts'
import { writeDevConfigs } from './dev-config.ts'
import { connectLines } from './dev-connect.ts'
import { openDoor, type Door } from './dev-door.ts'
import { missingSecrets } from './dev-missing-secrets.ts'
import { DEV_SECRETS } from './dev-secrets.ts'
import { nextEdit, nextSecretsChange, nextServerChange, textsOf } from './dev-servers.ts'
import { startWrangler } from './dev-wrangler.ts'
import { useDevEnvironment } from './environment.ts'
import { generateAll } from './gen/all.ts'
import { listServers } from './gen/sources.ts'
import { DEV } from './gen/trust.ts'
import { registryFile } from './machine-registry.ts'
import { mintOwnerLink } from './owner-link.ts'
import { ROOT } from './root.ts'
import { runScript, Stop } from './stop.ts'

const DEFAULT_PORT = 8787
const MAX_PORT = 65_535
/** A working day; starting again makes a new one. */
const OWNER_LINK_SECONDS = 12 * 3600
/** What `npm run rotate` and `npm run machine` change while this runs. */
const SECRET_FILES = [DEV_SECRETS, registryFile(DEV)]

const HELP = `npm run dev [-- --port N] [-- --public https://…]

Starts router, authorization server, objects and every server of workers/ on
this machine, rebuilds when a file changes, starts again when a server comes or
goes, keeps its state in .wrangler/state.

  --port N             listen on this port (${DEFAULT_PORT}); never another one
  --state <folder>     keep the state there instead of .wrangler/state
  --public <origin>    the https origin of a tunnel to this port, for clients
                       that cannot reach localhost (claude.ai, ChatGPT)

Answers requests to localhost and to the origin of --public, no others.`

await runScript(async () => {
  const options = parse()
  if (!options) return console.log(HELP)
  process.chdir(ROOT)
  const door = await openDoor(options.port, options.publicOrigin)
  try {
    await serve(options, door)
  } finally {
    await door.close()
  }
})

/** Until wrangler ends: starts it again as often as servers or secrets change. */
async function serve({ port, publicOrigin, state }: Options, door: Door): Promise<void> {
  useDevEnvironment()
  await generateAll(DEV)
  const origin = publicOrigin ?? `http://localhost:${port}`
  const link = mintOwnerLink(origin, OWNER_LINK_SECONDS)
  const folder = join(ROOT, '.gen', `dev-${port}`)
  let first = true
  for (;;) {
    const used = textsOf(SECRET_FILES)
    const configs = await writeDevConfigs(folder, origin, link.variable)
    const servers = listServers(join(ROOT, 'workers'))
    const wrangler = startWrangler({ configs, publicOrigin, door, state })
    try {
      await wrangler.ready
    } catch (error) {
      await wrangler.stop()
      if (first || !(error instanceof Stop)) throw error
      console.error(`\n✘ ${error.message} It starts again when a file of workers/ changes.\n`)
      await nextEdit()
      continue
    }
    console.log(first ? welcome(origin, servers, link.url) : again(origin, servers))
    first = false
    const watch = new AbortController()
    const change = await Promise.race([
      wrangler.ended,
      nextServerChange(servers, watch.signal),
      nextSecretsChange(SECRET_FILES, used, watch.signal),
    ])
    watch.abort()
    if (change === undefined) return
    console.log(`↻ ${change}: starting again`)
    await wrangler.stop()
    // A new trust anchor is embedded in every server.
    await generateAll(DEV)
  }
}

function again(origin: string, servers: readonly string[]): string {
  return `✓ Servers    ${servers.map((name) => mcpUrl(origin, name)).join('  ')}`
}

function mcpUrl(origin: string, server: string): string {
  return `${origin}/${server}/mcp`
}

interface Options {
  readonly port: number
  readonly publicOrigin: string | undefined
  readonly state: string
}

/** @returns `undefined` when only help was asked for */
function parse(): Options | undefined {
  const { values } = parseCommand('npm run dev', {
    options: {
      port: { type: 'string', default: String(DEFAULT_PORT) },
      public: { type: 'string' },
      state: { type: 'string', default: join(ROOT, '.wrangler', 'state') },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  if (values.help) return undefined
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > MAX_PORT) {
    throw new Stop('--port', `"${values.port}" is no port.`, `Give a number from 1 to ${MAX_PORT}.`)
  }
  return {
    port,
    publicOrigin: values.public === undefined ? undefined : httpsOrigin(values.public),
    state: resolve(values.state),
  }
}

function httpsOrigin(text: string): string {
  const url = URL.parse(text)
  if (url?.protocol === 'https:' && url.pathname === '/' && !url.search) return url.origin
  throw new Stop('--public', `"${text}" is no https origin.`, 'Give e.g. https://abc.example.com')
}

function welcome(origin: string, servers: readonly string[], ownerLink: string): string {
  const urls = servers.map((name) => mcpUrl(origin, name))
  const [first = '<server>'] = servers
  const clients = connectLines(first, mcpUrl(origin, first))
  const missing = missingSecrets(join(ROOT, 'workers'), servers)
  return `
  mcp-edge runs at ${origin}

  Servers    ${urls.join('\n             ') || 'none yet: npm run new <name>'}
  Sign in    ${ownerLink}
${missing.map((line) => `  Secrets    ${line}\n`).join('')}
${clients.map(([client, line]) => `  ${client.padEnd(20)}${line}`).join('\n')}

  Connect a client; when it opens the sign-in page in your browser, open the
  sign-in link above in the same browser once. Edit workers/${first}/tools/*.ts and
  call again. Ctrl-C ends everything.
`
}
