/** Generates and bundles once before the e2e tests, as `npm run dev` does before it starts. */
import { useDevEnvironment } from '../../scripts/environment.ts'
import { generateAll } from '../../scripts/gen/all.ts'
import { DEV } from '../../scripts/gen/trust.ts'
import { bundleWorkers } from './_bundles.ts'

export default async function setup(): Promise<void> {
  useDevEnvironment()
  await generateAll(DEV)
  await bundleWorkers()
}
