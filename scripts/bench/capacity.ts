/**
 * What the platform holds, on bare workerd: catalogs of 1, 100 and 5,000 tools, open
 * listen streams, 2025-era sessions. Memory is that of the whole process, all Workers
 * and objects together.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuthorServer } from './author-servers.ts'
import { LEGACY_VERSION, modernLists, openSession } from './calls.ts'
import { freePort } from './free-port.ts'
import { HttpConnection } from './http-connection.ts'
import { median } from './statistics.ts'
import type { Site } from './target.ts'
import { deploymentOf, placeOf, type Place } from './targets/platform.ts'
import { Workerd } from './workerd.ts'

/** Of one server; more tools are more servers. */
const TOOLS_PER_SERVER = 100
const CATALOGS = [1, 100, 5_000]
const LISTENERS = 1_000
const SESSIONS = 10_000
const SESSIONS_AT_ONCE = 32
const LISTS = 200
/** Over which an idle process is watched. */
const IDLE_MS = 10_000
const BYTES_PER_MIB = 1024 * 1024

export interface CatalogCapacity {
  readonly tools: number
  readonly servers: number
  readonly memoryMib: number
  /** First sight of one server: asked what it is, published, listed. Median, milliseconds. */
  readonly firstListMs: number
  /** A list once known, one connection. Median, µs. */
  readonly listUs: number
}

export interface Capacity {
  readonly catalogs: readonly CatalogCapacity[]
  readonly listeners: {
    readonly streams: number
    readonly memoryMib: number
    /** CPU ms a second while nothing happens. */
    readonly idleCpuMs: number
  }
  readonly sessions: {
    readonly sessions: number
    readonly memoryMib: number
    /** Files that appeared in the objects' storage meanwhile. */
    readonly objectsMade: number
    readonly perSecond: number
  }
}

export interface CapacityOptions {
  /** Inside the repository. */
  readonly folder: string
  readonly core: number | undefined
  progress(line: string): void
}

export async function measureCapacity(options: CapacityOptions): Promise<Capacity> {
  const catalogs: CatalogCapacity[] = []
  for (const tools of CATALOGS) {
    options.progress(`a catalog of ${tools} tools`)
    catalogs.push(
      await onPlatform(options, `${tools}-tools`, serversOf(tools), (it) => holdCatalog(it, tools)),
    )
  }
  const few = serversOf(1)
  options.progress(`${LISTENERS} listeners`)
  const listeners = await onPlatform(options, 'listeners', few, holdListeners)
  options.progress(`${SESSIONS} sessions`)
  const sessions = await onPlatform(options, 'sessions', few, holdSessions)
  return { catalogs, listeners, sessions }
}

interface Running {
  readonly place: Place
  readonly workerd: Workerd
  readonly servers: readonly AuthorServer[]
}

function serversOf(tools: number): AuthorServer[] {
  return Array.from({ length: Math.ceil(tools / TOOLS_PER_SERVER) }, (_, index) => ({
    name: `server-${index}`,
    tools: Array.from({ length: Math.min(tools, TOOLS_PER_SERVER) }, (_tool, at) => `echo-${at}`),
    visibility: 'public',
  }))
}

async function onPlatform<Held>(
  { folder: parent, core }: CapacityOptions,
  name: string,
  servers: readonly AuthorServer[],
  hold: (running: Running) => Promise<Held>,
): Promise<Held> {
  // One folder each: bundles made for the first are copied from there.
  const folder = join(parent, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const site: Site = { folder, minify: true, freePort }
  const place = await placeOf(site)
  const workerd = await Workerd.start(folder, await deploymentOf(place, servers), core)
  try {
    return await hold({ place, workerd, servers })
  } finally {
    await workerd.close()
  }
}

const memoryMibOf = (workerd: Workerd): number => workerd.residentBytes() / BYTES_PER_MIB
const mcpUrlOf = ({ origin }: Place, server: string): URL => new URL(`${origin}/${server}/mcp`)

async function holdCatalog(
  { place, workerd, servers }: Running,
  tools: number,
): Promise<CatalogCapacity> {
  const connection = await HttpConnection.open(place.port)
  try {
    const list = async (server: string): Promise<number> => {
      const [exchange] = modernLists(mcpUrlOf(place, server), 'echo-0')
      const startMs = performance.now()
      const answer = await connection.send(Buffer.from(exchange?.request ?? ''))
      if (answer.status !== 200) throw new Error(`${server}: ${answer.status} ${answer.body}`)
      return performance.now() - startMs
    }
    const firstMs: number[] = []
    for (const { name } of servers) firstMs.push(await list(name))
    const warmMs: number[] = []
    for (let at = 0; at < LISTS; at++) warmMs.push(await list(servers[0]?.name ?? ''))
    return {
      tools,
      servers: servers.length,
      memoryMib: memoryMibOf(workerd),
      firstListMs: median(firstMs),
      listUs: median(warmMs) * 1000,
    }
  } finally {
    connection.close()
  }
}

async function holdListeners({ place, workerd }: Running): Promise<Capacity['listeners']> {
  const url = mcpUrlOf(place, 'server-0')
  const leave = new AbortController()
  try {
    for (let opened = 0; opened < LISTENERS; opened++) await listen(url, opened, leave.signal)
    const beforeSeconds = workerd.cpuSeconds()
    await sleep(IDLE_MS)
    const idleCpuMs = ((workerd.cpuSeconds() - beforeSeconds) * 1000) / (IDLE_MS / 1000)
    return { streams: LISTENERS, memoryMib: memoryMibOf(workerd), idleCpuMs }
  } finally {
    leave.abort()
  }
}

/** Opens a stream and reads its first event, the acknowledgement. */
async function listen(url: URL, id: number, signal: AbortSignal): Promise<void> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { notifications: { toolsListChanged: true }, _meta }
  const answer = await fetch(url, {
    method: 'POST',
    signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method: 'subscriptions/listen', params }),
  })
  const first = await answer.body?.getReader().read()
  const text = new TextDecoder().decode(first?.value)
  if (!text.includes('acknowledged')) throw new Error(`listener ${id}: ${answer.status} ${text}`)
}

async function holdSessions({ place, workerd }: Running): Promise<Capacity['sessions']> {
  const url = mcpUrlOf(place, 'server-0')
  await listOnce(url, await openSession(url))
  const objectsBefore = objectFiles(place.site.folder)
  const startMs = performance.now()
  let opened = 0
  const worker = async (): Promise<void> => {
    while (opened < SESSIONS) {
      opened++
      await listOnce(url, await openSession(url))
    }
  }
  await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, worker))
  return {
    sessions: SESSIONS,
    memoryMib: memoryMibOf(workerd),
    objectsMade: objectFiles(place.site.folder) - objectsBefore,
    perSecond: SESSIONS / ((performance.now() - startMs) / 1000),
  }
}

async function listOnce(url: URL, session: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': LEGACY_VERSION,
      'mcp-session-id': session,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' }),
  })
  const text = await answer.text()
  if (!text.includes('echo-0')) throw new Error(`list: ${answer.status} ${text}`)
}

/** One SQLite file an object, in the folder `Workerd` gives it. */
function objectFiles(folder: string): number {
  const files = readdirSync(join(folder, 'storage'), { recursive: true, encoding: 'utf8' })
  return files.filter((file) => file.endsWith('.sqlite')).length
}
