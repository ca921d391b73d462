/**
 * The tables of one object: a list of forward migrations and a schema number
 * beside the data (DESIGN §6). Migration n brings schema n−1 to n, is never
 * edited once released, and all that are due run in one transaction.
 *
 * An object that was only asked, never told anything, keeps no table and no row:
 * `ready` is false until something must be remembered.
 */

const SCHEMA_NUMBER = 'schema'

/** SQL scripts, oldest first; a script may hold several statements. */
export type Migrations = readonly string[]

export class Tables {
  readonly #storage: DurableObjectStorage
  readonly #migrations: Migrations
  #ready: boolean

  /**
   * Brings tables that exist up to date. SQL is synchronous, so nothing can reach
   * an object whose constructor has not finished this.
   *
   * @throws Error when the tables were written by a newer release: older code must not touch them
   */
  constructor(storage: DurableObjectStorage, migrations: Migrations) {
    this.#storage = storage
    this.#migrations = migrations
    this.#ready = this.#schemaNumber() > 0
    if (this.#ready) this.#migrate()
  }

  /** Whether this object remembers anything; reading SQL before that fails. */
  get ready(): boolean {
    return this.#ready
  }

  /** Call before the first write of every operation. */
  ensure(): void {
    if (this.#ready) return
    this.#migrate()
    this.#ready = true
  }

  /** Forgets everything, alarm included; the object may be written to again. */
  async destroy(): Promise<void> {
    this.#ready = false
    await this.#storage.deleteAll()
  }

  #schemaNumber(): number {
    return this.#storage.kv.get<number>(SCHEMA_NUMBER) ?? 0
  }

  #migrate(): void {
    const current = this.#schemaNumber()
    const newest = this.#migrations.length
    if (current > newest) {
      throw new Error(`Tables have schema ${current}, this release knows ${newest}: deploy forward`)
    }
    if (current === newest) return
    this.#storage.transactionSync(() => {
      for (const migration of this.#migrations.slice(current)) this.#storage.sql.exec(migration)
      this.#storage.kv.put(SCHEMA_NUMBER, newest)
    })
  }
}
