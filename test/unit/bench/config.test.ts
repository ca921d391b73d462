import { expect, it } from 'vitest'
import { capnpConfig } from '../../../scripts/bench/capnp.ts'
import { serviceSettings } from '../../../scripts/bench/config-service.ts'

const RAW = {
  vars: { PUBLIC_ORIGIN: 'http://localhost:8787' },
  kv_namespaces: [{ binding: 'CATALOG_KV' }],
  services: [
    { binding: 'OAUTH', service: 'oauth' },
    { binding: 'SERVER_clock', service: 'clock' },
  ],
  durable_objects: {
    bindings: [
      { name: 'FEED', class_name: 'FeedObject', script_name: 'objects' },
      { name: 'OWN', class_name: 'OwnObject' },
    ],
  },
  migrations: [{ tag: 'v1', new_sqlite_classes: ['OwnObject'] }],
}

const settings = () =>
  serviceSettings(RAW, 'router', {
    text: { PUBLIC_ORIGIN: 'http://localhost:1', KEY: 'secret' },
    present: new Set(['oauth', 'objects']),
  })

it('translates a wrangler configuration, and leaves out what this deployment does not have', () => {
  expect(settings()).toMatchObject({
    name: 'router',
    classes: ['OwnObject'],
    bindings: {
      PUBLIC_ORIGIN: { text: 'http://localhost:1' },
      KEY: { text: 'secret' },
      CATALOG_KV: { kv: 'kv' },
      OAUTH: { service: 'oauth' },
      FEED: { object: 'FeedObject', service: 'objects' },
      OWN: { object: 'OwnObject' },
    },
  })
  expect(settings().bindings).not.toHaveProperty('SERVER_clock')
})

it('writes text so that no value can end its string', () => {
  const service = { ...settings(), module: 'router.js', bindings: { A: { text: '"), (x\n' } } }
  const config = capnpConfig({ services: [service], sockets: [] }, '/storage')
  expect(config).toContain(String.raw`(name = "A", text = "\"), (x\n")`)
})
