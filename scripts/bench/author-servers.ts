/** The bench's own servers, written as an author would and built as `npm run dev` builds. */
import { join } from 'node:path'
import type { Trust } from '#shared/identity/assertion.ts'
import { generateServer } from '../gen/entry.ts'
import { DEV, readTrust } from '../gen/trust.ts'
import { writeIfChanged } from '../gen/write-if-changed.ts'
import { bundleWithEsbuild, type BundlePlace } from './bundle.ts'

/** The same tool as the peers' (`workers/echo-tool.ts`). */
const toolSource = (annotations: string): string => `import { defineTool } from '#shared'
import * as z from 'zod'

export default defineTool({
  description: 'Say a text back',
  input: z.object({ text: z.string().max(256).describe('What to say') }),
  annotations: ${annotations},
  handler: ({ text }) => text,
})
`

export interface AuthorServer {
  readonly name: string
  readonly tools: readonly string[]
  readonly visibility: 'private' | 'public'
  /** Its tools change something: proofs are used up in an object (RFC 9449 §11.1). */
  readonly changes?: boolean
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
  { name, tools, visibility, changes = false }: AuthorServer,
): Promise<BuiltServer> {
  const workers = join(place.folder, 'servers')
  const source = toolSource(`{ readOnlyHint: ${!changes} }`)
  for (const tool of tools) writeIfChanged(join(workers, name, 'tools', `${tool}.ts`), source)
  writeIfChanged(join(workers, name, 'policy.json'), `${JSON.stringify({ visibility })}\n`)
  const trust: Trust = readTrust(DEV)
  const { digest } = await generateServer(workers, name, trust)
  const entry = join(workers, name, '.gen', 'index.ts')
  return { name, digest, module: await bundleWithEsbuild(entry, name, place) }
}
