/**
 * The whole platform for one test file: router, oauth, objects and every server
 * of workers/, from their real configurations, in one workerd on a random port.
 *
 * What Workers fetch from outside goes through this process's `globalThis.fetch`,
 * so a test may answer for the internet.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createTestHarness, type TestHarnessOptions, type WorkerHandle } from 'wrangler'
import { devSecrets } from '../../scripts/dev-secrets.ts'
import { generateServer } from '../../scripts/gen/entry.ts'
import { serverBinding } from '../../scripts/gen/router-config.ts'
import { DEV, readTrust } from '../../scripts/gen/trust.ts'
import { mintOwnerLink } from '../../scripts/owner-link.ts'
import { ROOT } from '../../scripts/root.ts'
import { bundledConfig, bundledWorkers } from './_bundles.ts'
import { createFrontDoor } from './_front-door.ts'

/** A Worker that has no configuration file. */
interface FixtureWorker {
  readonly config: {
    name: string
    main: string
    compatibility_date: string
    compatibility_flags: string[]
    services: { binding: string; service: string; entrypoint: string }[]
  }
}

/** Longer than any test file runs. */
const OWNER_LINK_SECONDS = 3600
const COMPATIBILITY_DATE = '2026-10-01'

export interface PlatformOptions {
  /** Fixture servers: name → source of an ES module whose default export is a Worker. */
  extraServers?: Record<string, string>
  /** Folders of servers written with the author API, e.g. `test/servers/trouble`; generated first. */
  authorServers?: string[]
  /** Variables that differ from the committed configuration. */
  vars?: { router?: Record<string, string>; oauth?: Record<string, string> }
  /**
   * A second router, another isolate over the same objects: `worker(SECOND_ROUTER).fetch`.
   * Servers of `authorServers` run twice then: it calls instances of its own.
   */
  secondRouter?: true
  /** Secrets that differ from those of development. */
  secrets?: {
    router?: Record<string, string>
    oauth?: Record<string, string>
    objects?: Record<string, string>
  }
}

export interface Platform {
  /** `http://localhost:<port>`: PUBLIC_ORIGIN and ISSUER, and the URL clients use. */
  readonly origin: string
  /** Signs the owner in when it is opened. */
  readonly ownerLink: string
  readonly ownerToken: string
  /** URL of a server's MCP endpoint. */
  mcpUrl(server: string): URL
  /** A Worker by its name, e.g. `mcp-edge-objects`: evict and list objects, read storage, bindings. */
  worker(name: string): WorkerHandle
  /** What the Workers logged since the start. */
  logs(): string[]
  /** Ends workerd and starts it again on the same storage; see `_restart.ts`. */
  restart(changes?: Pick<PlatformOptions, 'vars' | 'secrets'>): Promise<void>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const written = writeFixtures(options.extraServers ?? {})
  const authored = await generateServers(options.authorServers ?? [])
  const fixtures = { ...written, workers: [...written.workers, ...authored] }
  const door = await createFrontDoor()
  const origin = `http://localhost:${door.port}`
  const link = mintOwnerLink(origin, OWNER_LINK_SECONDS)
  const workersWith = (changes: PlatformOptions): Promise<TestHarnessOptions> =>
    realWorkers(origin, link.variable, fixtures, { ...options, ...changes })
  const harness = createTestHarness(await workersWith({}))
  const close = async (): Promise<void> => {
    await door.close()
    await harness.close()
    fixtures.remove()
  }
  try {
    const { url } = await harness.listen()
    door.open(Number(url.port))
  } catch (error) {
    await close()
    throw error
  }
  return {
    origin,
    ownerLink: link.url,
    ownerToken: link.token,
    mcpUrl: (server) => new URL(`/${server}/mcp`, origin),
    worker: (name) => harness.getWorker(name),
    logs: () => harness.getLogs().map(({ message }) => message),
    restart: async (changes = {}) => harness.update(await workersWith(changes)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function realWorkers(
  origin: string,
  ownerLink: string,
  fixtures: Fixtures,
  { vars, secrets, secondRouter }: PlatformOptions,
): Promise<TestHarnessOptions> {
  const made = await devSecrets()
  const origins = { PUBLIC_ORIGIN: origin, ISSUER: origin }
  const routerOver = (workers: readonly FixtureWorker[]) => ({
    vars: { ...origins, ...vars?.router },
    secrets: { ...made.router, ...secrets?.router },
    bindingOverrides: Object.fromEntries(
      fixtures.workers.map(({ config: { name } }, index) => [
        serverBinding(name),
        workers[index]?.config.name ?? name,
      ]),
    ),
  })
  const second = secondRouter ? fixtures.workers.map(secondInstance) : []
  return {
    root: ROOT,
    workers: [
      { configPath: bundledConfig('router'), ...routerOver(fixtures.workers) },
      ...(secondRouter ? [{ configPath: secondRouterConfig(), ...routerOver(second) }] : []),
      {
        configPath: bundledConfig('oauth'),
        vars: { ...origins, OWNER_LINK: ownerLink, ...vars?.oauth },
        secrets: { ...made.oauth, ...secrets?.oauth },
      },
      {
        configPath: bundledConfig('objects'),
        secrets: { ...made.objects, ...secrets?.objects },
      },
      ...servers().map((name) => ({ configPath: bundledConfig(name) })),
      ...fixtures.workers,
      ...second,
    ],
  }
}

export const SECOND_ROUTER = 'mcp-edge-router-2'

const secondInstance = ({ config }: FixtureWorker): FixtureWorker => ({
  config: { ...config, name: `${config.name}-2` },
})

/** Beside the first one's, whose paths are relative to where it lies. */
function secondRouterConfig(): string {
  const first = bundledConfig('router')
  const path = join(dirname(first), 'router-2.json')
  const config = JSON.parse(readFileSync(first, 'utf8')) as Record<string, unknown>
  writeFileSync(path, JSON.stringify({ ...config, name: SECOND_ROUTER }))
  return path
}

const PLATFORM = new Set(['router', 'oauth', 'objects'])
const servers = (): string[] => bundledWorkers().filter((name) => !PLATFORM.has(name))

interface Fixtures {
  readonly workers: FixtureWorker[]
  remove(): void
}

function writeFixtures(sources: Record<string, string>): Fixtures {
  const parent = join(ROOT, '.gen')
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'fixtures-'))
  const worker = ([name, source]: [string, string]): FixtureWorker => {
    const main = join(folder, `${name}.js`)
    writeFileSync(main, source)
    return fixtureWorker(name, main)
  }
  return {
    workers: Object.entries(sources).map(worker),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** @param folders relative to the repository; a folder's name is the server's */
async function generateServers(folders: string[]): Promise<FixtureWorker[]> {
  const trust = readTrust(DEV)
  const generate = async (folder: string): Promise<FixtureWorker> => {
    const path = join(ROOT, folder)
    const { name } = await generateServer(dirname(path), basename(path), trust)
    return fixtureWorker(name, join(path, '.gen', 'index.ts'))
  }
  return Promise.all(folders.map(generate))
}

/** With the settings of the scaffold's configuration. */
const fixtureWorker = (name: string, main: string): FixtureWorker => ({
  config: {
    name,
    main,
    compatibility_date: COMPATIBILITY_DATE,
    compatibility_flags: ['enable_request_signal'],
    services: [{ binding: 'PLATFORM', service: 'mcp-edge-objects', entrypoint: 'Platform' }],
  },
})
