/**
 * What the platform holds, on bare workerd: catalogs of 1 to 6,000 tools, open listen
 * streams, 2025-era sessions. Memory is that of the whole process, all Workers
 * and objects together.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuthorServer } from './author-servers.ts'
import { LEGACY_VERSION, modernLists, openSession } from './calls.ts'
import { KV_SERVICE } from './config-service.ts'
import { catalogBearer } from './credentials.ts'
import { freePort } from './free-port.ts'
import { HttpConnection } from './http-connection.ts'
import { httpRequest } from './request.ts'
import { median } from './statistics.ts'
import type { Site } from './target.ts'
import { deploymentOf, placeOf, type Place } from './targets/platform.ts'
import { Workerd } from './workerd.ts'

/** Servers × tools of each. */
const CATALOGS = [
  [1, 1],
  [1, 10],
  [1, 100],
  [50, 100],
  [300, 20],
] as const
const LISTENERS = 1_000
const SESSIONS = 10_000
const SESSIONS_AT_ONCE = 32
const LISTS = 200
const SEARCHES = 100
/** Over which an idle process is watched. */
const IDLE_MS = 10_000
const PUBLISH_MS = 3_000
const BYTES_PER_KIB = 1024
const BYTES_PER_MIB = 1024 * 1024

export interface CatalogCapacity {
  readonly tools: number
  readonly servers: number
  readonly memoryMib: number
  /** First sight of one server: asked what it is, published, listed. Median, milliseconds. */
  readonly firstListMs: number
  /** A list once known, one connection. Median, µs. */
  readonly listUs: number
  /** `GET /catalog/search` over all tools, the index made. Median, µs. */
  readonly searchUs: number
  /** The snapshot in KV: its newest index, and all entries together. */
  readonly indexKib: number
  readonly entriesKib: number
  /** From the start of a process that knows this catalog to its first list. Milliseconds. */
  readonly coldListMs: number
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
  for (const [servers, tools] of CATALOGS) {
    options.progress(`a catalog of ${servers} servers with ${tools} tools each`)
    const authored = serversOf(servers, tools)
    const held = await onPlatform(options, `${servers}-${tools}`, authored, holdCatalog, coldListOf)
    catalogs.push({ ...held[0], coldListMs: held[1] })
  }
  const few = serversOf(1, 1)
  options.progress(`${LISTENERS} listeners`)
  const [listeners] = await onPlatform(options, 'listeners', few, holdListeners)
  options.progress(`${SESSIONS} sessions`)
  const [sessions] = await onPlatform(options, 'sessions', few, holdSessions)
  return { catalogs, listeners, sessions }
}

interface Running {
  readonly place: Place
  readonly workerd: Workerd
  readonly servers: readonly AuthorServer[]
  /** Where the KV service itself answers. */
  readonly kvPort: number
  /** By `performance.now()`. */
  readonly startedMs: number
}

function serversOf(servers: number, tools: number): AuthorServer[] {
  return Array.from({ length: servers }, (_, index) => ({
    name: `server-${index}`,
    tools: Array.from({ length: tools }, (_tool, at) => `echo-${at}`),
    visibility: 'public',
  }))
}

/** @param again what is measured of a second process on the storage the first one left */
async function onPlatform<Held>(
  { folder: parent, core }: CapacityOptions,
  name: string,
  servers: readonly AuthorServer[],
  hold: (running: Running) => Promise<Held>,
  again: (running: Running) => Promise<number> = () => Promise.resolve(0),
): Promise<[Held, number]> {
  // One folder each: bundles made for the first are copied from there.
  const folder = join(parent, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const site: Site = { folder, minify: true, freePort }
  const place = await placeOf(site)
  const kvPort = await freePort()
  const { services, sockets } = await deploymentOf(place, servers)
  const withKv = { services, sockets: [...sockets, { service: KV_SERVICE, port: kvPort }] }
  const run = async <Result>(measure: (running: Running) => Promise<Result>): Promise<Result> => {
    const startedMs = performance.now()
    const workerd = await Workerd.start(folder, withKv, core)
    try {
      return await measure({ place, workerd, servers, kvPort, startedMs })
    } finally {
      await workerd.close()
    }
  }
  return [await run(hold), await run(again)]
}

const memoryMibOf = (workerd: Workerd): number => workerd.residentBytes() / BYTES_PER_MIB
const mcpUrlOf = ({ origin }: Place, server: string): URL => new URL(`${origin}/${server}/mcp`)

async function holdCatalog(running: Running): Promise<Omit<CatalogCapacity, 'coldListMs'>> {
  const { place, workerd, servers, kvPort } = running
  const connection = await HttpConnection.open(place.port)
  const timed = async (request: string): Promise<number> => {
    const startMs = performance.now()
    const answer = await connection.send(Buffer.from(request))
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
    return performance.now() - startMs
  }
  const list = (server: string): Promise<number> =>
    timed(modernLists(mcpUrlOf(place, server), 'echo-0')[0]?.request ?? '')
  try {
    const firstMs: number[] = []
    for (const { name } of servers) firstMs.push(await list(name))
    const warmMs: number[] = []
    for (let at = 0; at < LISTS; at++) warmMs.push(await list(servers[0]?.name ?? ''))
    const search = await searchOf(place)
    await timed(search)
    const searchMs: number[] = []
    for (let at = 0; at < SEARCHES; at++) searchMs.push(await timed(search))
    return {
      tools: servers.reduce((sum, { tools }) => sum + tools.length, 0),
      servers: servers.length,
      memoryMib: memoryMibOf(workerd),
      firstListMs: median(firstMs),
      listUs: median(warmMs) * 1000,
      searchUs: median(searchMs) * 1000,
      ...(await snapshotOf(kvPort)),
    }
  } finally {
    connection.close()
  }
}

async function coldListOf({ place, servers, startedMs }: Running): Promise<number> {
  const connection = await HttpConnection.open(place.port)
  try {
    const last = servers.at(-1)?.name ?? ''
    const [exchange] = modernLists(mcpUrlOf(place, last), 'echo-0')
    const answer = await connection.send(Buffer.from(exchange?.request ?? ''))
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
    return performance.now() - startedMs
  } finally {
    connection.close()
  }
}

/** A search by somebody signed in. */
async function searchOf({ origin, secrets }: Place): Promise<string> {
  const url = new URL(`${origin}/catalog/search?q=say%20a%20text%20back`)
  return httpRequest('GET', url, await catalogBearer(secrets, origin), '')
}

/** Once the Catalog has caught up: it publishes once a second. */
async function snapshotOf(port: number): Promise<Pick<CatalogCapacity, 'indexKib' | 'entriesKib'>> {
  await sleep(PUBLISH_MS)
  const kv = `http://127.0.0.1:${port}/`
  const { keys } = (await (await fetch(kv)).json()) as { keys: { name: string }[] }
  const sizes = await Promise.all(
    keys.map(async ({ name }) => {
      const value = await (await fetch(kv + encodeURIComponent(name))).arrayBuffer()
      return { name, kib: value.byteLength / BYTES_PER_KIB }
    }),
  )
  const of = (prefix: string) => sizes.filter(({ name }) => name.startsWith(prefix))
  return {
    indexKib: Math.max(0, ...of('index:').map(({ kib }) => kib)),
    entriesKib: of('server:').reduce((sum, { kib }) => sum + kib, 0),
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
