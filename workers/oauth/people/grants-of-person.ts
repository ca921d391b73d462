/** What one person has connected: listed by the summaries beside the rows, ended one by one or all. */
import type { Exchange } from '../exchange.ts'
import { grantKeyOf, type GrantSummary } from '../token/grant-record.ts'
import { GRANTS_PER_PERSON_MAX } from '../limits.ts'

export interface PersonGrant extends GrantSummary {
  readonly id: string
}

/** Most recently used first. Codes that nobody has redeemed yet count, too: they are grants. */
export async function grantsOf(
  subject: string,
  { shards }: Pick<Exchange, 'shards'>,
): Promise<PersonGrant[]> {
  const prefix = grantKeyOf(subject, '')
  const rows = await shards.holding(grantKeyOf(subject, 'any'))?.list(prefix, LIST_MAX)
  return (rows?.keys ?? [])
    .filter(({ metadata }) => isSummary(metadata))
    .map(({ name, metadata }) => ({
      id: name.slice(prefix.length),
      ...(metadata as GrantSummary),
    }))
    .sort((a, b) => lastUse(b) - lastUse(a))
}

/** Ends a grant of this person; another's, or one that is gone, is no matter. */
export async function endGrant(subject: string, id: string, exchange: Exchange): Promise<void> {
  const key = grantKeyOf(subject, id)
  const kv = exchange.asEnv().OAUTH_KV
  // Only what exists is announced: the feed has room for revocations, not for inventions.
  if ((await kv.get(key)) !== null) await kv.delete(key)
}

/** Before a new grant: where a person has too many, the one unused for longest ends. */
export async function makeRoom(subject: string, exchange: Exchange): Promise<void> {
  const grants = await grantsOf(subject, exchange)
  const surplus = grants.slice(GRANTS_PER_PERSON_MAX - 1)
  for (const { id } of surplus) await endGrant(subject, id, exchange)
}

/** One more than there should ever be, so that a surplus shows. */
const LIST_MAX = GRANTS_PER_PERSON_MAX + 1

const lastUse = ({ usedAtSeconds, createdAtSeconds }: GrantSummary): number =>
  usedAtSeconds ?? createdAtSeconds

/** Rows of before there were summaries have metadata of the library's. */
const isSummary = (metadata: unknown): boolean =>
  typeof metadata === 'object' && metadata !== null && 'createdAtSeconds' in metadata
