/**
 * Runs what an imitated account holds: the uploaded bundles, in workerd, with the
 * bindings they were uploaded with. After an upload the next request reaches the new
 * code; what objects and KV keep stays.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare'
import type { Account } from './account.ts'
import { namespaceWorkers, outboundWorker, workerOptions } from './run-worker.ts'

export interface RunningAccount {
  /** The port on which `worker` answers whatever host a request names. */
  readonly port: number
  /** Takes up what was uploaded since the start or the last call. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/** @param worker the one that has the public route */
export async function runAccount(account: Account, worker: string): Promise<RunningAccount> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-account-'))
  const options = (port: number) =>
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port,
      cf: false,
      telemetry: { enabled: false },
      resourcePersistencePath: folder,
      workers: workersOf(account, worker),
    })
  const miniflare = new Miniflare(options(0))
  const port = Number((await miniflare.ready).port)
  let revision = account.revision
  account.objectIds = (script, className) => storedIds(folder, `${script}-${className}`)
  return {
    port,
    async refresh() {
      if (revision === account.revision) return
      revision = account.revision
      await miniflare.setOptions(options(port))
    },
    async close() {
      await miniflare.dispose()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Each object has a file of its own, named by its id. */
function storedIds(folder: string, name: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && basename(entry.parentPath) === name)
    .flatMap((entry) => /^([0-9a-f]{64})\.sqlite$/.exec(entry.name)?.[1] ?? [])
}

function workersOf(account: Account, first: string): V4WorkerOptions[] {
  const entry = account.scripts.get(first)
  if (!entry) throw new Error(`${first} was never uploaded`)
  const others = [...account.scripts.values()].filter((script) => script !== entry)
  return [
    ...[entry, ...others].map((script) => workerOptions(script, script.name)),
    ...[...account.namespaces].flatMap(([name, scripts]) => namespaceWorkers(name, scripts)),
    outboundWorker(account),
  ]
}
