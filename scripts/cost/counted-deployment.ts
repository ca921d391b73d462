/** A deployment of the bench with every Worker counted: same bundles, a layer around each. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Deployment, WorkerService } from '../bench/capnp.ts'
import { bundleWithEsbuild } from '../bench/bundle.ts'
import type { Site } from '../bench/target.ts'
import { addCounts, COUNTS_PATH, type Counts } from './counts.ts'

export interface CountedDeployment {
  readonly deployment: Deployment
  /** What all its Workers did since this was last asked. */
  take(): Promise<Counts>
}

/** @param site the one the deployment was built for */
export async function countedDeployment(
  site: Site,
  { services, sockets }: Deployment,
): Promise<CountedDeployment> {
  const ports: number[] = []
  const countedSockets = [...sockets]
  const countedServices: WorkerService[] = []
  for (const service of services) {
    const port = await site.freePort()
    ports.push(port)
    countedSockets.push({ service: service.name, port })
    countedServices.push({ ...service, module: await countedModule(site, service) })
  }
  return {
    deployment: { services: countedServices, sockets: countedSockets },
    async take() {
      const sum: Counts = {}
      for (const port of ports) {
        const answer = await fetch(`http://127.0.0.1:${port}${COUNTS_PATH}`)
        addCounts(sum, (await answer.json()) as Counts)
      }
      return sum
    },
  }
}

/** @returns the wrapped module's path, relative to the site's folder */
async function countedModule(site: Site, { module, classes = [] }: WorkerService): Promise<string> {
  const entry = join(site.folder, `counted-${module.replaceAll('/', '-')}.ts`)
  const runtime = join(import.meta.dirname, 'counting.ts')
  const lines = [
    `import * as original from './${module}'`,
    `import { countingObject, countingWorker } from '${runtime}'`,
    `export * from './${module}'`,
    'export default countingWorker(original.default as never)',
    ...classes.map((name) => `export const ${name} = countingObject(original.${name} as never)`),
  ]
  writeFileSync(entry, `${lines.join('\n')}\n`)
  return bundleWithEsbuild(
    entry,
    `counted-${module.replace(/\.js$/, '').replaceAll('/', '-')}`,
    site,
  )
}
