/**
 * SERVERS: the one seam between the platform and the servers (DESIGN §2).
 * `get(name)` → something with `fetch()`. Three forms, chosen by configuration:
 *
 *  - `SERVERS`      a Workers-for-Platforms dispatch namespace;
 *  - `SERVERS_URL`  a URL template, `{name}` in host or path;
 *  - `SERVER_<name>` service bindings, generated from the folders of workers/.
 *
 * Only this file reads any of them, and nothing leans on more than `fetch`.
 */
import type { Arm } from '#shared/catalog/entry.ts'
import type { ServerHandle } from '#shared/gateway/ports.ts'
import { internalHost } from '#shared/contracts/inner-wire.ts'

export interface Servers {
  /** `undefined`: certainly unknown. */
  get(name: string): ServerHandle | undefined
}

/**
 * The code of one arm of a gray release: the deployed one, the second script
 * `<name>--canary` (a name no server can have), or another version of the deployed
 * one, which Cloudflare honours on service bindings, for gradual deployments.
 */
export function codeOf(
  servers: Servers,
  name: string,
  { script, codeVersion }: Pick<Arm, 'script' | 'codeVersion'>,
): ServerHandle | undefined {
  const handle = servers.get(script === undefined ? name : `${name}--${script}`)
  if (!handle || codeVersion === undefined) return handle
  const override = { [VERSION_OVERRIDES_HEADER]: `${name}="${codeVersion}"` }
  return {
    url: handle.url,
    fetch: (init) => {
      const headers = new Headers(init.headers)
      for (const [header, value] of Object.entries(override)) headers.set(header, value)
      return handle.fetch({ ...init, headers })
    },
  }
}

const VERSION_OVERRIDES_HEADER = 'Cloudflare-Workers-Version-Overrides'

interface Fetches {
  fetch(url: string, init: RequestInit): Promise<Response>
}

interface ServersEnv {
  SERVERS?: { get(name: string): Fetches }
  SERVERS_URL?: string
  [serverBinding: `SERVER_${string}`]: Fetches | undefined
}

/** @throws TypeError on a configuration that names two forms, or a template that is none */
export function createServers(env: object): Servers {
  const configured = env as ServersEnv
  if (configured.SERVERS && configured.SERVERS_URL) {
    throw new TypeError('Configure SERVERS (dispatch namespace) or SERVERS_URL, not both')
  }
  if (configured.SERVERS) return fromNamespace(configured.SERVERS)
  if (configured.SERVERS_URL) return fromUrlTemplate(configured.SERVERS_URL)
  return fromBindings(configured)
}

function fromBindings(env: ServersEnv): Servers {
  return {
    get(name) {
      const binding = env[`SERVER_${name.replaceAll('-', '_')}`]
      if (!binding) return undefined
      const url = `https://${internalHost(name)}/mcp`
      return { url, fetch: (init) => binding.fetch(url, init) }
    },
  }
}

function fromNamespace(namespace: NonNullable<ServersEnv['SERVERS']>): Servers {
  return {
    get(name) {
      const url = `https://${internalHost(name)}/mcp`
      return {
        url,
        async fetch(init) {
          try {
            return await namespace.get(name).fetch(url, init)
          } catch (error) {
            if (error instanceof Error && error.message.startsWith('Worker not found')) {
              return undefined
            }
            throw error
          }
        },
      }
    },
  }
}

const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost'])

function fromUrlTemplate(template: string): Servers {
  const sample = URL.parse(template.replaceAll('{name}', 'a'))
  const secure =
    sample?.protocol === 'https:' ||
    (sample?.protocol === 'http:' && LOOPBACK_HOSTS.has(sample.hostname))
  if (!secure || !template.includes('{name}')) {
    throw new TypeError(
      'SERVERS_URL must be an https URL with {name} in host or path (http only on loopback)',
    )
  }
  const base = template.replace(/\/$/, '')
  return {
    get(name) {
      const url = `${base.replaceAll('{name}', name)}/mcp`
      return { url, fetch: (init) => fetch(url, init) }
    },
  }
}
