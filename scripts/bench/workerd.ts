/** One workerd process per deployment: nothing of one row runs, or is counted, in another's. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../root.ts'
import { capnpConfig, type Deployment } from './capnp.ts'
import { pinned } from './cores.ts'

const WORKERD = join(ROOT, 'node_modules', '.bin', 'workerd')
const START_TIMEOUT_MS = 20_000
/** Finer than the differences between cold starts that are judged. */
const POLL_MS = 1
/** proc(5): times in /proc/<pid>/stat are in clock ticks, 100 a second on every Linux of today. */
const TICKS_PER_SECOND = 100
const KIB = 1024

export class Workerd {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /**
   * @param folder where configuration and storage go; the modules' paths are relative to it
   * @throws Error when it does not listen in time
   */
  static async start(
    folder: string,
    deployment: Deployment,
    core: number | undefined,
    extraArgs: readonly string[] = [],
  ): Promise<Workerd> {
    const workerd = Workerd.spawn(folder, deployment, core, extraArgs)
    for (const { port } of deployment.sockets) await workerd.#listening(port)
    return workerd
  }

  /** Starts without waiting: for whoever measures the start itself. */
  static spawn(
    folder: string,
    deployment: Deployment,
    core: number | undefined,
    extraArgs: readonly string[] = [],
  ): Workerd {
    const storage = join(folder, 'storage')
    mkdirSync(storage, { recursive: true })
    const config = join(folder, 'config.capnp')
    writeFileSync(config, capnpConfig(deployment, storage))
    const [program, ...args] = pinned(core, [WORKERD, 'serve', config, ...extraArgs])
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    return new Workerd(child)
  }

  /** As it names itself, e.g. `workerd 2026-10-23`. */
  static version(): string {
    return execFileSync(WORKERD, ['--version'], { encoding: 'utf8' }).trim()
  }

  /** User and system time the process has used so far. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#pid}/stat`, 'utf8')
    // Fields from the third on; the second, the program's name, may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  }

  /** Resident memory. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * KIB
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }

  /** @throws Error when the process is gone */
  assertRunning(): void {
    if (this.#child.exitCode !== null) throw new Error('workerd ended')
  }

  get #pid(): number {
    this.assertRunning()
    const { pid } = this.#child
    if (pid === undefined) throw new Error('workerd could not be started')
    return pid
  }

  async #listening(port: number): Promise<void> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS
    while (!(await accepts(port))) {
      this.assertRunning()
      if (performance.now() > deadlineMs) throw new Error('workerd does not listen')
      await sleep(POLL_MS)
    }
  }
}

/** Whether somebody listens on a loopback port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const end = (listening: boolean): void => {
      socket.destroy()
      resolve(listening)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}
