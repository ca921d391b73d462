/** Runs the generator once before the e2e tests, as `npm run dev` does before it starts. */
import { generateAll } from '../../scripts/gen/all.ts'
import { DEV, ENVIRONMENT_VARIABLE } from '../../scripts/gen/trust.ts'

export default async function setup(): Promise<void> {
  process.env[ENVIRONMENT_VARIABLE] = DEV
  await generateAll(DEV)
}
