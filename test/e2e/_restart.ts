/**
 * What may happen to the platform between two steps of a client: objects are
 * evicted, their sockets cut, or workerd ends and starts again on the same storage.
 * A suite that holds under each of them holds nothing in memory.
 */
import { paced } from '../_pace.ts'
import { execFileSync } from 'node:child_process'
import type { Platform } from './_platform.ts'

/** `sockets cut`: also what an abort, a crash or a deploy of the objects' Worker does. */
export const INTERRUPTIONS = ['evicted', 'sockets cut', 'workerd restarted'] as const
export type Interruption = (typeof INTERRUPTIONS)[number]

/** @param classes of the objects Worker; every stored object of them is evicted */
export async function interrupt(
  platform: Platform,
  how: Interruption,
  classes: readonly string[],
): Promise<void> {
  if (how === 'workerd restarted') return restart(platform)
  const objects = platform.worker('mcp-edge-objects')
  const webSockets = how === 'evicted' ? 'hibernate' : 'close'
  for (const name of classes) {
    for (const id of await objects.listDurableObjectIds(name)) {
      await objects.evictDurableObject(name, { id, webSockets }).catch(unlessAway)
    }
  }
}

/** What is not in memory need not be evicted from it. */
function unlessAway(error: unknown): void {
  if (!(error instanceof Error && error.message.includes('not currently running'))) throw error
}

/** How long no process comes or goes before the restart counts as over: each Worker may cause one. */
const QUIET_MS = 750
const POLL_MS = 75
const RESTART_MAX_MS = paced(20_000)

/** Returns when the platform answers again, at the same URL. @param changes settings that differ from now on */
export async function restart(
  platform: Platform,
  changes?: Parameters<Platform['restart']>[0],
): Promise<void> {
  const endMs = Date.now() + RESTART_MAX_MS
  await platform.restart(changes)
  let processes = runtimes()
  let quietSinceMs = Date.now()
  while (Date.now() - quietSinceMs < QUIET_MS) {
    if (Date.now() > endMs) throw new Error('workerd restarts for ever')
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    const now = runtimes()
    if (now !== processes) quietSinceMs = Date.now()
    processes = now
  }
  const { status } = await fetch(new URL('/health', platform.origin))
  if (status !== 200) throw new Error(`not healthy after a restart: ${status}`)
}

/** Process ids of every workerd this process started. */
function runtimes(): string {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
  return listed
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, command]) => parent === String(process.pid) && command?.includes('workerd'))
    .map(([pid]) => pid)
    .join()
}
