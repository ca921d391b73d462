/**
 * KV, D1, R2 and queues of one Worker: those it has are named by their ids, those it
 * lacks are made, under the names wrangler would give them. Not left to wrangler, because
 * - it looks for what a Worker has among the account's Workers, also for one in a dispatch
 *   namespace: it would inherit bindings from a Worker that is another one (error 10057);
 * - what it made for an upload that then failed it makes again, and is refused for the name.
 */
import type { Unstable_RawConfig } from 'wrangler'
import type { DeployedBinding } from './account.ts'
import type { Cloudflare } from './cloudflare.ts'

interface Configured {
  readonly binding: string
  readonly [member: string]: unknown
}

interface Kind {
  /** `type` of the binding in the API. */
  readonly type: string
  /** The member that identifies the resource: in a configuration, and in the API. */
  readonly member: string
  readonly deployedMember: string
  /** It is identified by its name, so it may be named before it is there. */
  readonly named: boolean
  list(config: Unstable_RawConfig): readonly Configured[]
  replaced(config: Unstable_RawConfig, items: readonly Configured[]): Partial<Unstable_RawConfig>
  /** @returns the identity of the resource of that name; `undefined`: there is none */
  find(cloudflare: Cloudflare, name: string, item: Configured): Promise<string | undefined>
  make(cloudflare: Cloudflare, name: string, item: Configured): Promise<string>
}

const KINDS: readonly Kind[] = [
  {
    type: 'kv_namespace',
    member: 'id',
    deployedMember: 'namespace_id',
    named: false,
    list: ({ kv_namespaces = [] }) => kv_namespaces as unknown as Configured[],
    replaced: (_, items) => ({ kv_namespaces: items as never }),
    async find(cloudflare, name) {
      const all = await cloudflare.list<{ id: string; title: string }>('/storage/kv/namespaces')
      return all.find(({ title }) => title === name)?.id
    },
    async make(cloudflare, name) {
      const body = { title: name }
      const made = await cloudflare.send('POST', '/storage/kv/namespaces', body)
      return (made as { id: string }).id
    },
  },
  {
    type: 'd1',
    member: 'database_id',
    deployedMember: 'id',
    named: false,
    list: ({ d1_databases = [] }) => d1_databases as unknown as Configured[],
    replaced: (_, items) => ({ d1_databases: items as never }),
    async find(cloudflare, name) {
      const path = `/d1/database/${encodeURIComponent(name)}`
      return (await cloudflare.get<{ uuid: string }>(path))?.uuid
    },
    async make(cloudflare, name) {
      const made = await cloudflare.send('POST', '/d1/database', { name })
      return (made as { uuid: string }).uuid
    },
  },
  {
    type: 'r2_bucket',
    member: 'bucket_name',
    deployedMember: 'bucket_name',
    named: true,
    list: ({ r2_buckets = [] }) => r2_buckets as unknown as Configured[],
    replaced: (_, items) => ({ r2_buckets: items as never }),
    async find(cloudflare, name, { jurisdiction }) {
      const found = await cloudflare.get(
        `/r2/buckets/${encodeURIComponent(name)}`,
        inJurisdiction(jurisdiction),
      )
      return found === undefined ? undefined : name
    },
    async make(cloudflare, name, { jurisdiction }) {
      await cloudflare.send('POST', '/r2/buckets', { name }, inJurisdiction(jurisdiction))
      return name
    },
  },
  {
    type: 'queue',
    member: 'queue',
    deployedMember: 'queue_name',
    named: true,
    list: ({ queues }) => (queues?.producers ?? []) as unknown as Configured[],
    replaced: ({ queues }, items) => ({ queues: { ...queues, producers: items as never } }),
    async find(cloudflare, name) {
      const all = await cloudflare.list<{ queue_name: string }>('/queues')
      return all.some(({ queue_name }) => queue_name === name) ? name : undefined
    },
    async make(cloudflare, name) {
      await cloudflare.send('POST', '/queues', { queue_name: name })
      return name
    },
  },
]

const inJurisdiction = (jurisdiction: unknown): Record<string, string> =>
  typeof jurisdiction === 'string' ? { 'cf-r2-jurisdiction': jurisdiction } : {}

/**
 * @param worker that names what is made: unlike the configuration's name, it is
 *   another one in each environment
 * @param deployed what the Worker holds; of two of one name the first counts
 * @returns the configuration with an identity for each resource
 * @throws Stop when Cloudflare refuses to make one
 */
export async function withResources(
  cloudflare: Cloudflare,
  worker: string,
  config: Unstable_RawConfig,
  deployed: readonly DeployedBinding[],
): Promise<Unstable_RawConfig> {
  let filled = config
  for (const kind of KINDS) {
    const items = kind.list(config)
    if (items.length === 0) continue
    const named: Configured[] = []
    for (const item of items) {
      const id = await identityOf(cloudflare, kind, worker, item, deployed)
      named.push({ ...item, [kind.member]: id })
    }
    filled = { ...filled, ...kind.replaced(filled, named) }
  }
  return filled
}

async function identityOf(
  cloudflare: Cloudflare,
  kind: Kind,
  worker: string,
  item: Configured,
  deployed: readonly DeployedBinding[],
): Promise<string> {
  const given = textOf(item[kind.member])
  if (given && !kind.named) return given
  // A database that is named is that one, whatever the Worker held before.
  const wanted = kind.named ? given : textOf(item['database_name'])
  const held = deployed.find(({ type, name }) => type === kind.type && name === item.binding)
  const heldId = textOf(held?.[kind.deployedMember])
  if (heldId && (!wanted || wanted === heldId)) return heldId
  const name = wanted ?? nameOf(worker, item.binding)
  return (await kind.find(cloudflare, name, item)) ?? (await kind.make(cloudflare, name, item))
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** As wrangler names what it makes. */
const nameOf = (worker: string, binding: string): string =>
  `${worker}-${binding.toLowerCase().replaceAll('_', '-')}`
