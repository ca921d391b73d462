/** Outside production a server gets KV, D1, R2 and queues of its own: never production's. */
import type { Unstable_RawConfig } from 'wrangler'
import { workerName } from './names.ts'

type Resources = Pick<
  Unstable_RawConfig,
  'kv_namespaces' | 'd1_databases' | 'r2_buckets' | 'queues'
>

/** Without ids wrangler makes what is missing, named after the Worker. */
export function ownResources(raw: Unstable_RawConfig, env: string): Resources {
  const named = (name: string): string => workerName(name, env)
  const { kv_namespaces = [], d1_databases = [], r2_buckets = [], queues = {} } = raw
  const { producers, consumers } = queues
  return {
    kv_namespaces: kv_namespaces.map((kv) => without(kv, ['id', 'preview_id'])),
    d1_databases: d1_databases.map((d1) =>
      suffixed(without(d1, ['database_id', 'preview_database_id']), 'database_name', named),
    ),
    r2_buckets: r2_buckets.map((r2) =>
      suffixed(without(r2, ['preview_bucket_name']), 'bucket_name', named),
    ),
    queues: {
      ...(producers ? { producers: producers.map((item) => suffixed(item, 'queue', named)) } : {}),
      ...(consumers ? { consumers: consumers.map((item) => suffixed(item, 'queue', named)) } : {}),
    },
  }
}

function suffixed<Item extends object>(
  item: Item,
  member: keyof Item,
  named: (name: string) => string,
): Item {
  const name = item[member]
  return typeof name === 'string' ? { ...item, [member]: named(name) } : item
}

const without = <Item extends object>(item: Item, members: readonly string[]): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !members.includes(name))) as Item
