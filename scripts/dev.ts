/** `npm run dev`: the whole platform on this machine; see `--help`. */
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { parseCommand } from './command-line.ts'
import { writeDevConfigs } from './dev-config.ts'
import { connectLines } from './dev-connect.ts'
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
                       that cannot reach localhost (claude.ai, ChatGPT)`

await runScript(async () => {
  const options = parse()
  if (!options) return console.log(HELP)
  const { port, publicOrigin, state } = options
  process.chdir(ROOT)
  await checkPortIsFree(port)
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
    const wrangler = startWrangler({ configs, port, publicOrigin, state })
    try {
      await wrangler.ready
    } catch (error) {
      if (first || !(error instanceof Stop)) throw error
      await wrangler.stop()
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
})

function again(origin: string, servers: readonly string[]): string {
  return `✓ Servers    ${servers.map((name) => mcpUrl(origin, name)).join('  ')}`
}

function mcpUrl(origin: string, server: string): string {
  return `${origin}/${server}/mcp`
}

/** @returns `undefined` when only help was asked for */
function parse(): { port: number; publicOrigin: string | undefined; state: string } | undefined {
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

/** Clients remember the URL, so a busy port is an error and not a reason to take another one. */
async function checkPortIsFree(port: number): Promise<void> {
  for (const host of ['127.0.0.1', '::1']) {
    const failure = await listenOnce(port, host)
    if (failure === 'EADDRINUSE') {
      throw new Stop(
        `Port ${port}`,
        'Another program listens there (perhaps an earlier `npm run dev`).',
        `End it, or take another port: npm run dev -- --port ${port + 1}`,
      )
    }
    if (failure === 'EACCES') {
      throw new Stop(`Port ${port}`, 'This user may not listen there.', 'Take one above 1023.')
    }
  }
}

function listenOnce(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
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
