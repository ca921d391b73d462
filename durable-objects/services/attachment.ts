/**
 * When one attachment ends: its alarm deletes the body from R2, then itself. It is
 * told before the body is stored, so that nothing is stored that nobody deletes.
 */
import { DurableObject } from 'cloudflare:workers'
import { logUnexpected } from '#shared/lib/log.ts'
import type { Attachment } from '#shared/contracts/entrypoints.ts'
import { Expiry } from '../expiry.ts'
import { ATTACHMENT_RETRY_MS } from '../limits.ts'

const KEY = 'key'

export class AttachmentObject extends DurableObject<Cloudflare.Env> implements Attachment {
  keep(key: string, keptMs: number): void {
    this.ctx.storage.kv.put(KEY, key)
    new Expiry(this.ctx.storage).renew(keptMs, Date.now())
  }

  async drop(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + ATTACHMENT_RETRY_MS)
    await this.#deleteBody()
    await this.ctx.storage.deleteAll()
  }

  /** Never throws: the runtime gives up on an alarm that fails too often, and the body would stay. */
  override async alarm(): Promise<void> {
    try {
      await this.#deleteBody()
      await this.ctx.storage.deleteAll()
    } catch (error) {
      logUnexpected('attachment_not_deleted', error)
      await this.ctx.storage.setAlarm(Date.now() + ATTACHMENT_RETRY_MS)
    }
  }

  async #deleteBody(): Promise<void> {
    const key = this.ctx.storage.kv.get<string>(KEY)
    if (key !== undefined) await this.env.ATTACHMENTS.delete(key)
  }
}
