/**
 * A platform deployed with the real scripts and the real wrangler (loaded once, but where a
 * command is interrupted) to an imitated account, from a checkout of its own; then the uploaded bundles run and answer at
 * the public origin.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { workerName } from '../../scripts/deploy/names.ts'
import { listServers } from '../../scripts/gen/sources.ts'
import { mintOwnerLink } from '../../scripts/owner-link.ts'
import { ROOT } from '../../scripts/root.ts'
import { startCloudflareApi, type CloudflareApi } from '../cloudflare-api/api.ts'
import { runAccount, type RunningAccount } from '../cloudflare-api/run.ts'
import { createCheckout, type Checkout } from './_checkout.ts'
import { createFrontDoor } from './_front-door.ts'
import type { Platform } from './_platform.ts'
import { startWranglerHost } from './_wrangler-host.ts'

export interface ScriptRun {
  readonly status: number | null
  readonly output: string
}

export interface Deployed {
  readonly api: CloudflareApi
  readonly checkout: Checkout
  /** PUBLIC_ORIGIN: a loopback port, known before anything is deployed. */
  readonly origin: string
  /** `node scripts/<script>.ts …args` in the checkout, signed in to the account. */
  run(script: string, ...args: string[]): Promise<ScriptRun>
  /** Likewise, signed in to another account, or with other variables. */
  runWithEnv(
    env: Readonly<Record<string, string>>,
    script: string,
    ...args: string[]
  ): Promise<ScriptRun>
  /** Likewise, ended by SIGINT when the account is asked for `request`. */
  interruptAt(request: RegExp, script: string, ...args: string[]): Promise<ScriptRun>
  /** Likewise, with something to read on standard input. */
  runWith(input: string, script: string, ...args: string[]): Promise<ScriptRun>
  /** Likewise, before a person who answers a question by `typed`; util-linux makes the terminal. */
  runAtTerminal(typed: string, script: string, ...args: string[]): Promise<ScriptRun>
  /** A program of node_modules/.bin in the checkout. */
  exec(program: string, ...args: string[]): Promise<ScriptRun>
  /** Runs what the account holds now; after a later upload, call it again. */
  serve(env?: string): Promise<void>
  /** The platform as helpers of other tests know it; its owner link is new. */
  platform(env?: string): Promise<Platform>
  /** What `npm run owner-link` prints, in force. */
  ownerLink(env?: string): Promise<URL>
  close(): Promise<void>
}

/** Of what scripts/deploy/confirm.ts asks. */
const QUESTION_END = 'to go on: '

/** Longer than any of these tests runs. */
const OWNER_LINK_SECONDS = 3600

/** Each command loads wrangler, 15 MB of it, and each of its runs again: compiled once, then read. */
const COMPILED_ONCE: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: join(ROOT, '.gen', 'e2e', 'compiled'),
}

/**
 * @param servers folders of workers/ that stay in the checkout; fewer are faster
 * @param shared the account of another one: this is a second person's checkout
 */
export async function createDeployed(
  servers: readonly string[] = ['clock'],
  shared?: CloudflareApi,
): Promise<Deployed> {
  const checkout = createCheckout()
  for (const name of serversOf(checkout)) {
    if (!servers.includes(name)) checkout.remove(`workers/${name}`)
  }
  const api = shared ?? (await startCloudflareApi())
  const wrangler = await startWranglerHost(checkout.folder)
  const door = await createFrontDoor()
  const origin = `http://localhost:${door.port}`
  let running: RunningAccount | undefined

  const start = (program: string, args: readonly string[], env = wrangler.env): ChildProcess =>
    spawn(program, args, {
      cwd: checkout.folder,
      env: { ...environment(), ...COMPILED_ONCE, ...api.env, ...env } as NodeJS.ProcessEnv,
      stdio: 'pipe',
    })
  const script = (name: string, args: readonly string[], env = wrangler.env): ChildProcess =>
    start(process.execPath, [join(checkout.folder, 'scripts', `${name}.ts`), ...args], env)
  const run = (name: string, ...args: string[]) => ended(script(name, args))

  return {
    api,
    checkout,
    origin,
    run,
    runWithEnv: (env, name, ...args) => ended(script(name, args, { ...wrangler.env, ...env })),
    exec: (program, ...args) =>
      ended(start(join(checkout.folder, 'node_modules', '.bin', program), args)),
    runWith: (input, name, ...args) => ended(script(name, args), input),
    runAtTerminal(typed, name, ...args) {
      const path = join(checkout.folder, 'scripts', `${name}.ts`)
      const line = [process.execPath, path, ...args].join(' ')
      return answered(start('script', ['-qefc', line, '/dev/null']), typed)
    },
    async interruptAt(request, name, ...args) {
      const child = script(name, args, wrangler.ownProcesses)
      api.intercept = (asked) => {
        if (request.test(asked)) child.kill('SIGINT')
      }
      const result = await ended(child)
      api.intercept = () => {}
      return result
    },
    async serve(env = 'production') {
      if (running) return running.refresh()
      const router = env === 'production' ? 'mcp-edge-router' : `mcp-edge-router--${env}`
      running = await runAccount(api.account, router)
      door.open(running.port)
    },
    async platform(env = 'production') {
      // As `npm run owner-link` does it, without two more processes: the command has its test.
      const { token, variable } = mintOwnerLink(origin, OWNER_LINK_SECONDS)
      await putSecret(api, workerName('mcp-edge-oauth', env), 'OWNER_LINK', `${variable}:once`)
      await running?.refresh()
      const mcpUrl = (server: string): URL => new URL(`/${server}/mcp`, origin)
      return { origin, ownerToken: token, mcpUrl } as Platform
    },
    async ownerLink(env = 'production') {
      const { output } = await run('mint-owner-link', '--env', env)
      await running?.refresh()
      return new URL(/^http\S+token=\S+/m.exec(output)?.[0] ?? output)
    },
    async close() {
      await door.close()
      await running?.close()
      if (!shared) await api.close()
      wrangler.close()
      checkout[Symbol.dispose]()
    },
  }
}

/** One request, as wrangler sends it (`wrangler secret put`). */
async function putSecret(
  { env }: CloudflareApi,
  worker: string,
  name: string,
  text: string,
): Promise<void> {
  const account = `${env['CLOUDFLARE_API_BASE_URL']}/accounts/${env['CLOUDFLARE_ACCOUNT_ID']}`
  const answer = await fetch(`${account}/workers/scripts/${worker}/secrets`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${env['CLOUDFLARE_API_TOKEN']}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ name, text, type: 'secret_text' }),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

/** Nothing of this machine's own sign-in, nor of the test run's choice of environment. */
function environment(): Record<string, string | undefined> {
  return { ...process.env, MCP_EDGE_ENV: undefined, OIDC_CLIENT_SECRET: undefined }
}

/** The answer is typed once the question stands there: what comes earlier is lost. */
function answered(child: ChildProcess, typed: string): Promise<ScriptRun> {
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    const asked = output.includes(QUESTION_END)
    output += chunk.toString()
    if (!asked && output.includes(QUESTION_END)) child.stdin?.write(typed)
  })
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, output })))
}

function ended(child: ChildProcess, input = ''): Promise<ScriptRun> {
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stdin?.end(input)
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, output })))
}

const serversOf = ({ folder }: Checkout): string[] => listServers(join(folder, 'workers'))
