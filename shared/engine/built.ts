/** What the generator embeds into a server's entry beside the author's code. */
import type { Trust } from '../identity/assertion.ts'
import type { PolicyFile } from '../catalog/entry.ts'

export interface Built {
  /** The server's name in SERVERS: its folder, and the audience of every assertion. */
  readonly name: string
  /** Changes with every build. */
  readonly build: string
  /** `definitionsDigest()` of them (`../catalog/digest.ts`). */
  readonly digest: string
  /** JSON text of the {@link Definitions}; parsed only when the platform asks. */
  readonly definitionsJson: string
  /** Public anchors; a server without one would believe nobody. */
  readonly trust: Trust
  /** `policy.json`, when there is one. */
  readonly policy?: PolicyFile
}
