/** What a deploy sends of the committed configurations: names, routes, variables, resources. */
import { describe, expect, test } from 'vitest'
import { platformConfig, type ConfigContext } from '../../../scripts/deploy/config.ts'
import { PLATFORM_ROLES, checkEnvironment, workerName } from '../../../scripts/deploy/names.ts'
import { publicRoutes } from '../../../scripts/deploy/public-routes.ts'
import { readRequiredSecrets } from '../../../scripts/deploy/required-secrets.ts'
import { ownResources } from '../../../scripts/deploy/resources.ts'
import { checkServersForm, serversForm } from '../../../scripts/deploy/servers-form.ts'
import type { DeploySettings } from '../../../scripts/deploy/settings.ts'
import { makePlatformKeys, secretsOf } from '../../../scripts/keys/platform-keys.ts'
import { Stop } from '../../../scripts/stop.ts'

const settings: DeploySettings = {
  env: 'production',
  publicOrigin: 'https://mcp.example.com',
  issuer: 'https://mcp.example.com',
  servers: { kind: 'bindings' },
  leaveOut: [],
  vars: {},
}

const contextOf = (changed: Partial<DeploySettings> = {}): ConfigContext => ({
  settings: { ...settings, ...changed },
  servers: ['clock', 'notes-x'],
  linked: ['clock', 'notes-x'],
  exists: () => true,
})

const routerOf = (changed: Partial<DeploySettings> = {}) =>
  platformConfig('router', contextOf(changed), 'kv-id').config

describe('the router', () => {
  test('is bound to its servers, and answers at the public origin alone', () => {
    const config = routerOf()
    expect(config.services).toContainEqual({ binding: 'SERVER_notes_x', service: 'notes-x' })
    expect(config.routes).toEqual([{ pattern: 'mcp.example.com', custom_domain: true }])
    expect(config.workers_dev).toBe(false)
    expect(config.preview_urls).toBe(false)
    expect(config.kv_namespaces).toEqual([{ binding: 'CATALOG_KV', id: 'kv-id' }])
  })

  test('has one form of SERVERS only', () => {
    const namespace = routerOf({ servers: { kind: 'namespace', namespace: 'mcp' } })
    expect(namespace.dispatch_namespaces).toEqual([{ binding: 'SERVERS', namespace: 'mcp' }])
    expect(namespace.vars).toMatchObject({ SERVERS_URL: '' })
    const url = routerOf({ servers: { kind: 'url', template: 'https://{name}.acme.workers.dev' } })
    expect(url.vars).toMatchObject({ SERVERS_URL: 'https://{name}.acme.workers.dev' })
    for (const { services } of [namespace, url]) {
      expect(services?.filter(({ binding }) => binding.startsWith('SERVER_'))).toEqual([])
    }
  })

  test('in another environment, every Worker it names is of that environment', () => {
    const config = routerOf({ env: 'staging' })
    const named = [
      config.name,
      ...(config.services ?? []).map(({ service }) => service),
      ...(config.durable_objects?.bindings ?? []).map(({ script_name }) => script_name),
    ]
    expect(named.filter((name) => !name?.endsWith('--staging'))).toEqual([])
  })

  test('an authorization server on an origin of its own is on the same router', () => {
    const issuer = 'https://login.example.com'
    expect(publicRoutes({ ...settings, issuer }).routes).toHaveLength(2)
    expect(routerOf({ issuer }).vars).toMatchObject({ ISSUER: issuer })
  })

  test('on workers.dev it has no route, and only the address that is its own', () => {
    const own = 'https://mcp-edge-router.acme.workers.dev'
    const at = (origin: string) =>
      publicRoutes({ ...settings, publicOrigin: origin, issuer: origin })
    expect(at(own)).toEqual({ workers_dev: true })
    expect(() => at('https://other.acme.workers.dev')).toThrow(Stop)
  })
})

describe('variables', () => {
  test('of the settings replace those of the file', () => {
    const vars = { oauth: { OIDC_ISSUER: 'https://id.example.com' } }
    const { config } = platformConfig('oauth', contextOf({ vars }), 'kv-id')
    expect(config.vars).toMatchObject({ OIDC_ISSUER: 'https://id.example.com' })
  })

  test.each(['NO_SUCH', 'PUBLIC_ORIGIN', 'OWNER_LINK'])('%s cannot be set there', (name) => {
    const vars = { oauth: { [name]: 'x' } }
    expect(() => platformConfig('oauth', contextOf({ vars }), 'kv-id')).toThrow(name)
  })

  test('the owner link is a secret of a deployment, never a variable', () => {
    const { config } = platformConfig('oauth', contextOf(), 'kv-id')
    expect(config.vars).not.toHaveProperty('OWNER_LINK')
  })
})

test('a binding to a Worker that is not there yet is left for a second upload', () => {
  const context = { ...contextOf(), exists: (worker: string) => worker !== 'mcp-edge-oauth' }
  const { config, left } = platformConfig('router', context, 'kv-id')
  expect(left).toEqual(['OAUTH'])
  expect(config.services?.map(({ binding }) => binding)).not.toContain('OAUTH')
})

test('every secret a platform Worker requires is one that a deploy makes', async () => {
  const secrets = secretsOf(await makePlatformKeys(60, 0))
  for (const role of PLATFORM_ROLES) {
    const made = Object.entries(secrets[role] as Record<string, string>)
    const names = made.filter(([, text]) => text !== '').map(([name]) => name)
    expect(names).toEqual(expect.arrayContaining(readRequiredSecrets(role)))
  }
})

test('outside production no resource of production is used', () => {
  const raw = {
    kv_namespaces: [{ binding: 'A', id: 'production', preview_id: 'p' }],
    d1_databases: [{ binding: 'B', database_name: 'notes', database_id: 'production' }],
    r2_buckets: [{ binding: 'C', bucket_name: 'files' }],
    queues: { producers: [{ binding: 'D', queue: 'jobs' }], consumers: [{ queue: 'jobs' }] },
  }
  expect(ownResources(raw, 'staging')).toEqual({
    kv_namespaces: [{ binding: 'A' }],
    d1_databases: [{ binding: 'B', database_name: 'notes--staging' }],
    r2_buckets: [{ binding: 'C', bucket_name: 'files--staging' }],
    queues: {
      producers: [{ binding: 'D', queue: 'jobs--staging' }],
      consumers: [{ queue: 'jobs--staging' }],
    },
  })
})

test.each(['dev', 'Staging', 'a--b', 'x'.repeat(30)])('no environment is called %s', (env) => {
  expect(() => checkEnvironment(env, 'npm run dev')).toThrow(Stop)
})

describe('forms of SERVERS', () => {
  const path = 'deploy.staging.json'

  test.each(['', 'bindings ', 'namespace:', 'http://{name}.example.com', 'https://example.com'])(
    '"%s" is none',
    (text) => {
      expect(() => serversForm(path, text)).toThrow('none of the three forms')
    },
  )

  test.each(['namespace:mcp-servers', 'https://{name}.acme.workers.dev'])(
    '%s would share servers with production',
    (text) => {
      expect(() => checkServersForm(path, 'staging', serversForm(path, text))).toThrow('staging')
      checkServersForm(path, 'production', serversForm(path, text))
    },
  )

  test('names of an environment’s own are fine', () => {
    for (const text of [
      'namespace:mcp-staging',
      `https://${workerName('{name}', 'staging')}.acme.workers.dev`,
    ]) {
      checkServersForm(path, 'staging', serversForm(path, text))
    }
  })
})
