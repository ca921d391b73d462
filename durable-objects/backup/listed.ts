/**
 * Keeps one object in the Directory while it holds what cannot be rebuilt. The name
 * is noted in the object when the Directory has it, so that the Directory is asked
 * once in an object's life. An object of an earlier release enters when it is next used.
 */
import { logUnexpected } from '#shared/lib/log.ts'
import { directoryOf, type DirectoryKind } from '#shared/contracts/entrypoints.ts'

const LISTED = 'listed'

export class Listed {
  readonly #storage: DurableObjectStorage
  readonly #kind: DirectoryKind
  readonly #directory: () => DurableObjectNamespace
  /** Being taken out of the Directory: who enters again waits for it. */
  #leaving: Promise<void> | undefined

  constructor(
    storage: DurableObjectStorage,
    kind: DirectoryKind,
    directory: () => DurableObjectNamespace,
  ) {
    this.#storage = storage
    this.#kind = kind
    this.#directory = directory
  }

  /**
   * Call before a write of what a backup must hold.
   *
   * @returns `false`: the Directory did not answer. The write goes on without; call again by alarm.
   */
  async enter(name: string): Promise<boolean> {
    if (this.#storage.kv.get(LISTED) === name) return true
    await this.#leaving
    try {
      await directoryOf(this.#directory()).add(this.#kind, name)
    } catch (error) {
      logUnexpected('directory_not_told', error, { kind: this.#kind })
      return false
    }
    this.#storage.kv.put(LISTED, name)
    return true
  }

  /** @param forget makes the object forget everything, this name included */
  async leave(forget: () => Promise<unknown>): Promise<void> {
    const name = this.#storage.kv.get<string>(LISTED)
    await forget()
    if (name === undefined) return
    const left = directoryOf(this.#directory()).remove(this.#kind, name)
    // A name too many costs one question at each backup.
    this.#leaving = left.catch((error: unknown) => {
      logUnexpected('directory_not_told', error, { kind: this.#kind })
    })
    await this.#leaving
  }
}
