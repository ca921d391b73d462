/** Stubs typed by the contracts of shared/contracts/entrypoints.ts, which `cloudflare:test` takes too. */
import { runInDurableObject } from 'cloudflare:test'
import { type DurableObject, exports } from 'cloudflare:workers'
import type { ApiKeys, Feed, GrantStore, Replay, Rpc } from '#shared/contracts/entrypoints.ts'
import type { Catalog } from '#shared/catalog/contract.ts'

type Stub<Methods> = Rpc<Methods> & DurableObjectStub

let made = 0
/** An object of its own for each test: storage is shared by the tests of one file. */
const uniqueName = (): string => `test-${++made}`

export const newGrantStore = () =>
  exports.GrantStoreObject.getByName(uniqueName()) as unknown as Stub<GrantStore>
export const newApiKeys = () =>
  exports.ApiKeysObject.getByName(uniqueName()) as unknown as Stub<ApiKeys>
export const newReplay = () =>
  exports.ReplayObject.getByName(uniqueName()) as unknown as Stub<Replay>
export const newFeed = () => exports.FeedObject.getByName(uniqueName()) as unknown as Stub<Feed>
export const theFeed = () => exports.FeedObject.getByName('feed') as unknown as Stub<Feed>
export const theCatalog = () =>
  exports.CatalogObject.getByName('catalog') as unknown as Stub<Catalog>

/**
 * The number of the Catalog's nth index: it counts from the second of its birth.
 * Call it when `newest` indexes were made.
 */
export async function nth(n: number, newest: number): Promise<number> {
  const index = await theCatalog().index()
  return (index?.version ?? 0) - newest + n
}

/** Runs `callback` in the object itself: its instance, its storage. */
export const inside = <Instance extends DurableObject, Answer>(
  stub: DurableObjectStub,
  callback: (instance: Instance, state: DurableObjectState) => Answer | Promise<Answer>,
): Promise<Answer> => runInDurableObject(stub as unknown as DurableObjectStub<Instance>, callback)

/** No table, no row, no alarm. */
export async function isEmpty({ storage }: DurableObjectState): Promise<boolean> {
  const sql = "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'"
  const tables = storage.sql.exec(sql).toArray()
  return tables.length === 0 && [...storage.kv.list()].length === 0 && !(await storage.getAlarm())
}
