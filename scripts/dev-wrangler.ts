/** One `wrangler dev` process for all Workers: started, watched until it answers, ended with its children. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Door } from './dev-door.ts'
import { createOutputFilter } from './dev-output.ts'
import { ROOT } from './root.ts'
import { Stop } from './stop.ts'

/** Eleven Workers take 5 s on two loaded cores. */
const START_TIMEOUT_MS = 60_000
const POLL_MS = 200
/** How often we look whether whoever started us is still there. */
const PARENT_CHECK_MS = 1000
/** 128 + 15: how wrangler says that it was told to end. */
const EXIT_OF_SIGTERM = 143

/** Its browser of KV and object storage, which whoever reaches its port could use. */
const NO_EXPLORER = { X_LOCAL_EXPLORER: 'false' }

export interface RunningWrangler {
  /** Settles when `/health` answers through the door; rejects with a Stop when it never will. */
  readonly ready: Promise<void>
  readonly ended: Promise<void>
  /** Ends it with its children; settles when they are gone. */
  stop(): Promise<void>
}

export interface WranglerOptions {
  readonly configs: readonly string[]
  /** The https origin of a tunnel. */
  readonly publicOrigin: string | undefined
  /** Leads to it while it runs. */
  readonly door: Door
  /** Folder of KV and object storage. */
  readonly state: string
}

/** It listens on loopback ports that the system chooses: clients come through the door. */
export function startWrangler(options: WranglerOptions): RunningWrangler {
  const { configs, publicOrigin, door, state } = options
  const child = spawn(
    join(ROOT, 'node_modules', '.bin', 'wrangler'),
    [
      'dev',
      ...configs.flatMap((config) => ['-c', config]),
      '--ip=127.0.0.1',
      '--port=0',
      '--inspector-ip=127.0.0.1',
      '--inspector-port=0',
      `--persist-to=${state}`,
      '--show-interactive-dev-session=false',
      ...publicOriginArguments(publicOrigin),
    ],
    // A group of its own: ending the group ends workerd too, whoever started it.
    {
      cwd: ROOT,
      detached: true,
      // By the last one it says which port it took.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...NO_EXPLORER },
    },
  )
  const ended = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => {
      door.leadTo(undefined)
      if (code === null || code === 0 || code === EXIT_OF_SIGTERM) resolve()
      else reject(new Stop('npm run dev', 'Wrangler ended by itself.', 'See its message above.'))
    })
  })
  // Until the caller waits for it, an early end is `ready`'s to report.
  ended.catch(() => {})
  show(child)
  child.on('message', (message) => {
    const port = portIn(message)
    if (port !== undefined) door.leadTo(port)
  })
  const end = endWithUs(child)
  return {
    ready: whenHealthy(child, door.port),
    ended,
    stop() {
      end()
      return ended.catch(() => {})
    },
  }
}

/** A tunnel ends TLS: the Workers must see the URL the client used. */
function publicOriginArguments(publicOrigin: string | undefined): string[] {
  if (publicOrigin === undefined) return []
  return ['--local-upstream', new URL(publicOrigin).host, '--upstream-protocol', 'https']
}

function show(child: ChildProcess): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    const filter = createOutputFilter()
    createInterface({ input: stream }).on('line', (line) => {
      const shown = filter(line)
      if (shown !== undefined) console.log(shown)
    })
  }
}

/** @returns a function that ends it now */
function endWithUs(child: ChildProcess): () => void {
  const end = (): void => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
  }
  const events = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit'] as const
  for (const event of events) process.on(event, end)
  // `npm run` may be killed without a signal reaching us; then we belong to another parent.
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid !== parent) end()
  }, PARENT_CHECK_MS)
  child.once('exit', () => {
    clearInterval(timer)
    for (const event of events) process.off(event, end)
  })
  return end
}

async function whenHealthy(child: ChildProcess, port: number): Promise<void> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadlineMs) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Stop('npm run dev', 'Wrangler ended before it served.', 'See its message above.')
    }
    if (await answers(`http://localhost:${port}/health`)) return
    await sleep(POLL_MS)
  }
  throw new Stop(
    'npm run dev',
    `/health did not answer within ${START_TIMEOUT_MS / 1000} s.`,
    'See the messages above.',
  )
}

/** Wrangler tells its parent once where it listens. */
function portIn(message: unknown): number | undefined {
  const said: unknown = typeof message === 'string' ? JSON.parse(message) : message
  const { event, port } = said as { event?: string; port?: number }
  return event === 'DEV_SERVER_READY' ? port : undefined
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(POLL_MS * 10) })
    return response.ok
  } catch {
    // Not listening yet.
    return false
  }
}
