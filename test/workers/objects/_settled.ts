/**
 * When the Catalog has nothing left to do. Its alarms also come by themselves while a
 * test runs them, and one that came leaves none set until it has done its work: a
 * missing alarm alone says nothing.
 */
import { runDurableObjectAlarm } from 'cloudflare:test'
import { expect, vi } from 'vitest'
import { CatalogObject } from '../../../durable-objects/catalog/catalog.ts'
import type { Announcement } from '#shared/contracts/entrypoints.ts'
import { inside, theCatalog } from './_stubs.ts'

/** How many alarms an instance is working on; one that was evicted counts no more. */
const working = new WeakMap<CatalogObject, number>()

// oxlint-disable-next-line typescript/unbound-method -- called with `this` below
const { alarm } = CatalogObject.prototype
CatalogObject.prototype.alarm = async function counted(this: CatalogObject) {
  working.set(this, (working.get(this) ?? 0) + 1)
  try {
    await alarm.call(this)
  } finally {
    working.set(this, (working.get(this) ?? 0) - 1)
  }
}

const AT_REST = { alarms: 0, alarmMs: null, listenersMs: null, untoldVersions: 0, notInKv: 0 }

/** Runs the Catalog's alarm until nothing is left to do, as if the times between were over. */
export async function settled(): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await runDurableObjectAlarm(theCatalog())).toBe(false)
      expect(await inside(theCatalog(), whatIsLeft)).toEqual(AT_REST)
    },
    { timeout: 30_000, interval: 20 },
  )
}

async function whatIsLeft(object: CatalogObject, { storage }: DurableObjectState) {
  const alarmMs = await storage.getAlarm()
  // Between an alarm's coming and its work it is neither set nor counted: ask for the work too.
  const notInKv = storage.sql
    .exec<{ rows: number }>(
      `SELECT (SELECT COUNT(*) FROM view WHERE in_kv < 2 AND superseded_ms IS NULL) +
              (SELECT COUNT(*) FROM snapshot WHERE in_kv < 2 AND superseded_ms IS NULL) AS rows`,
    )
    .one().rows
  return {
    alarms: working.get(object) ?? 0,
    alarmMs,
    listenersMs: storage.kv.get<number>('listeners_due_ms') ?? null,
    untoldVersions:
      (await object.index())!.version - (storage.kv.get<Announcement>('announced')?.version ?? 0),
    notInKv,
  }
}
