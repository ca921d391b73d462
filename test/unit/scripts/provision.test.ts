/** Resources of a Worker, made and found again on the imitated account. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectCloudflare, type Cloudflare } from '../../../scripts/deploy/cloudflare.ts'
import { withResources } from '../../../scripts/deploy/provision.ts'
import { startCloudflareApi, type CloudflareApi } from '../../cloudflare-api/api.ts'

let api: CloudflareApi
let cloudflare: Cloudflare

beforeEach(async () => {
  api = await startCloudflareApi()
  for (const [name, value] of Object.entries(api.env)) vi.stubEnv(name, value)
  cloudflare = await connectCloudflare()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await api.close()
})

const CONFIG = {
  name: 'keeper',
  kv_namespaces: [{ binding: 'MY_KV' }],
  d1_databases: [{ binding: 'DB', database_name: 'rows' }],
  r2_buckets: [{ binding: 'FILES' }, { binding: 'MORE', bucket_name: 'named' }],
  queues: { producers: [{ binding: 'LATER', queue: 'later' }] },
}

test('what is missing is made once, under the Worker’s name', async () => {
  const first = await withResources(cloudflare, 'keeper--staging', CONFIG, [])
  const [kv] = api.account.kv.values()
  expect(kv?.title).toBe('keeper--staging-my-kv')
  expect(first).toMatchObject({
    kv_namespaces: [{ binding: 'MY_KV', id: kv?.id }],
    d1_databases: [{ database_name: 'rows', database_id: [...api.account.d1.keys()][0] }],
    r2_buckets: [{ bucket_name: 'keeper--staging-files' }, { bucket_name: 'named' }],
    queues: { producers: [{ queue: 'later' }] },
  })
  // The upload failed: the Worker holds nothing, and all of it is there.
  const made = api.requests.filter((request) => request.startsWith('POST')).length
  expect(await withResources(cloudflare, 'keeper--staging', CONFIG, [])).toEqual(first)
  expect(api.requests.filter((request) => request.startsWith('POST'))).toHaveLength(made)
})

test('what the Worker holds is kept, under whatever name it was made', async () => {
  const held = [
    { type: 'kv_namespace', name: 'MY_KV', namespace_id: 'kv-of-old' },
    { type: 'r2_bucket', name: 'FILES', bucket_name: 'files-of-old' },
    { type: 'kv_namespace', name: 'MY_KV', namespace_id: 'kv-of-another-place' },
  ]
  const config = {
    name: 'keeper',
    kv_namespaces: CONFIG.kv_namespaces,
    r2_buckets: [{ binding: 'FILES' }],
  }
  expect(await withResources(cloudflare, 'keeper', config, held)).toMatchObject({
    kv_namespaces: [{ id: 'kv-of-old' }],
    r2_buckets: [{ bucket_name: 'files-of-old' }],
  })
  expect(api.requests.filter((request) => request.startsWith('POST'))).toEqual([])
})

test('what the configuration names is that, whatever the Worker held', async () => {
  const held = [
    { type: 'kv_namespace', name: 'MY_KV', namespace_id: 'old' },
    { type: 'd1', name: 'DB', id: 'old' },
  ]
  const config = { ...CONFIG, kv_namespaces: [{ binding: 'MY_KV', id: 'given' }] }
  const { kv_namespaces, d1_databases } = await withResources(cloudflare, 'keeper', config, held)
  expect(kv_namespaces).toEqual([{ binding: 'MY_KV', id: 'given' }])
  expect(d1_databases).toMatchObject([{ database_id: [...api.account.d1.keys()][0] }])
})
