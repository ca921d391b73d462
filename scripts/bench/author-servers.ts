/** The bench's own servers, written as an author would and built as `npm run dev` builds. */
import { join } from 'node:path'
import type { Trust } from '#shared/auth/assertion.ts'
import { generateServer } from '../gen/entry.ts'
import { DEV, readTrust } from '../gen/trust.ts'
import { writeIfChanged } from '../gen/write-if-changed.ts'
import { bundleWithEsbuild, type BundlePlace } from './bundle.ts'

/** The same tool as the peers' (`workers/echo-tool.ts`). */
const TOOL = `import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Say a text back',
  input: z.object({ text: z.string().max(256).describe('What to say') }),
  annotations: { readOnlyHint: true },
  handler: ({ text }) => text,
})
`

export interface AuthorServer {
  readonly name: string
  readonly tools: readonly string[]
  readonly visibility: 'private' | 'public'
}

export interface BuiltServer {
  readonly name: string
  /** Digest of its definitions: what the router's decision must carry. */
  readonly digest: string
  /** Path of its bundle, relative to the folder it was built for. */
  readonly module: string
}

/** @param place its folder must lie in the repository: the sources go below it and import `#shared` */
export async function buildAuthorServer(
  place: BundlePlace,
  { name, tools, visibility }: AuthorServer,
): Promise<BuiltServer> {
  const workers = join(place.folder, 'servers')
  for (const tool of tools) writeIfChanged(join(workers, name, 'tools', `${tool}.ts`), TOOL)
  writeIfChanged(join(workers, name, 'policy.json'), `${JSON.stringify({ visibility })}\n`)
  const trust: Trust = readTrust(DEV)
  const { digest } = await generateServer(workers, name, trust)
  const entry = join(workers, name, '.gen', 'index.ts')
  return { name, digest, module: await bundleWithEsbuild(entry, name, place) }
}
