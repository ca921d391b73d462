/**
 * Servers that come and go while `npm run dev` runs: wrangler watches the files of
 * the Workers it was started with, and no others.
 */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateAll } from './gen/all.ts'
import { listServers, readServerSource } from './gen/sources.ts'
import { DEV } from './gen/trust.ts'
import { readIfPresent } from './gen/write-if-changed.ts'
import { ROOT } from './root.ts'
import { Stop } from './stop.ts'

const POLL_MS = 500
const WORKERS = join(ROOT, 'workers')

/**
 * Waits until a server was added or removed and all of them build: wrangler would
 * not start with one that does not. Until then what runs is left running, and what
 * is wrong is told once.
 *
 * @param running the servers wrangler was started with
 * @param signal ends the waiting
 * @returns what changed, in words; everything is generated then
 */
export async function nextServerChange(
  running: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  let tried = ''
  let told = ''
  for (;;) {
    await pause(signal)
    try {
      const change = changeOf(running)
      if (change === undefined) continue
      const files = filesOfAll()
      if (files === tried) continue
      tried = files
      await generateAll(DEV)
      return change
    } catch (error) {
      // Anything else is a file that vanished between listing and reading.
      if (!(error instanceof Stop) || error.message === told) continue
      told = error.message
      console.error(`\n✘ ${told}\n`)
    }
  }
}

/** What `files` hold now, to be compared. */
export const textsOf = (files: readonly string[]): string =>
  JSON.stringify(files.map((file) => readIfPresent(file)))

/**
 * Waits until another process has changed one of `files`.
 *
 * @param used what they held when it was last used; a change since then counts
 * @returns what changed, in words
 */
export async function nextSecretsChange(
  files: readonly string[],
  used: string,
  signal: AbortSignal,
): Promise<string> {
  while (textsOf(files) === used) await pause(signal)
  return 'keys or machines changed'
}

/** Waits until any file of a server changes that can be read as one. */
export async function nextEdit(): Promise<void> {
  const before = filesOrNone()
  do await pause()
  while (filesOrNone() === before)
}

/** Not a reason to keep the process alive: wrangler is. */
const pause = (signal?: AbortSignal): Promise<void> =>
  sleep(POLL_MS, undefined, { ref: false, ...(signal ? { signal } : {}) })

const configOf = (name: string): string => join(WORKERS, name, 'wrangler.toml')

function changeOf(running: readonly string[]): string | undefined {
  const removed = running.find((name) => !existsSync(configOf(name)))
  if (removed !== undefined) return `workers/${removed} is gone`
  const added = listServers(WORKERS).find(
    (name) => !running.includes(name) && existsSync(configOf(name)),
  )
  return added === undefined ? undefined : `workers/${added} is new`
}

/** Another text when a file of a server changed. @throws Stop */
function filesOfAll(): string {
  const files = listServers(WORKERS).flatMap((name) => {
    const { handWritten, tools } = readServerSource(WORKERS, name)
    return [configOf(name), ...(handWritten ? [handWritten] : []), ...tools.map(({ path }) => path)]
  })
  return files.map((path) => `${path} ${statSync(path).mtimeMs}`).join('\n')
}

function filesOrNone(): string {
  try {
    return filesOfAll()
  } catch {
    return ''
  }
}
