/** The types wrangler derives from a configuration: a Worker's bindings, and the runtime it runs in. */
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { writeIfChanged } from './gen/write-if-changed.ts'
import { ROOT } from './root.ts'

const OBJECTS_CONFIG = 'durable-objects/wrangler.toml'

/** Paths relative to the repository, which must be the working folder: they stand in the output. */
export interface WorkerProgram {
  readonly config: string
  readonly folder: string
}

export function workerPrograms(): WorkerProgram[] {
  const servers = globSync('workers/*/wrangler.toml', { cwd: ROOT }).sort()
  return [
    { config: 'wrangler.toml', folder: 'workers/router' },
    ...[OBJECTS_CONFIG, ...servers].map((config) => ({ config, folder: dirname(config) })),
  ]
}

/** The text of `env.d.ts`. */
export async function envTypes({ config, folder }: WorkerProgram): Promise<string> {
  const { experimental_generateTypes: generateTypes } = await import('wrangler')
  const { content } = await generateTypes({
    config: [config],
    path: join(folder, 'env.d.ts'),
    includeRuntime: false,
    strictVars: false,
  })
  return content
}

/** One file for all: every Worker has the same compatibility date. */
export async function writeRuntimeTypes(): Promise<void> {
  const { experimental_generateTypes: generateTypes } = await import('wrangler')
  const path = join('.gen', 'runtime.d.ts')
  const { content } = await generateTypes({ config: [OBJECTS_CONFIG], path, includeEnv: false })
  writeIfChanged(path, content)
}
