/**
 * Objects that a release without a directory made: found by the list that Cloudflare's
 * API gives of a namespace, and woken, so that each enters the directory.
 */
import * as z from 'zod/mini'
import type { Cloudflare } from '../deploy/cloudflare.ts'
import { PLATFORM_WORKERS, workerName } from '../deploy/names.ts'
import { connectTo } from '../deploy/pinned-account.ts'
import { readDeployedSettings } from '../deploy/settings.ts'
import { Stop } from '../stop.ts'
import type { BackupPlatform } from './platform.ts'

const CLASS = 'GrantStoreObject'
/** The API's own default; it gives 10,000 at most. */
const IDS_PER_PAGE = 1_000
/** Woken by one request (BACKUP_ADOPTED_MAX of the oauth Worker). */
const ADOPTED_AT_ONCE = 40

interface Namespace {
  readonly id: string
  readonly class?: string
  readonly script?: string
}

const pageSchema = z.looseObject({
  result: z.array(z.looseObject({ id: z.string(), hasStoredData: z.optional(z.boolean()) })),
  result_info: z.optional(
    z.nullable(
      z.looseObject({
        cursor: z.optional(z.string()),
        cursors: z.optional(z.looseObject({ after: z.optional(z.string()) })),
      }),
    ),
  ),
})

/** @returns how many objects hold grants and are in the directory now */
export async function adoptObjects(platform: BackupPlatform, env: string): Promise<number> {
  const cloudflare = await connectTo(readDeployedSettings(env, 'leave --adopt out'))
  const script = workerName(PLATFORM_WORKERS.objects, env)
  const namespaces = await cloudflare.list<Namespace>('/workers/durable_objects/namespaces')
  const namespace = namespaces.find((one) => one.script === script && one.class === CLASS)
  if (!namespace) {
    throw new Stop('Cloudflare', `${script} has no objects on this account.`, 'Is it deployed?')
  }
  let adopted = 0
  let waiting: string[] = []
  for await (const id of idsOf(cloudflare, namespace.id)) {
    waiting.push(id)
    if (waiting.length < ADOPTED_AT_ONCE) continue
    adopted += await platform.adopt(waiting)
    waiting = []
  }
  return waiting.length > 0 ? adopted + (await platform.adopt(waiting)) : adopted
}

async function* idsOf(cloudflare: Cloudflare, namespace: string): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const query = new URLSearchParams({ limit: String(IDS_PER_PAGE), ...(cursor && { cursor }) })
    const path = `/workers/durable_objects/namespaces/${namespace}/objects?${query.toString()}`
    const page = pageSchema.parse(JSON.parse((await cloudflare.raw(path)) ?? '{"result":[]}'))
    for (const { id, hasStoredData } of page.result) if (hasStoredData !== false) yield id
    cursor = page.result_info?.cursors?.after ?? page.result_info?.cursor
    // Empty where there are no more.
  } while (cursor)
}
