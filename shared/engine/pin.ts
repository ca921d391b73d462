/** From what a server publishes to what is embedded beside it. Run by the generator and by tests, never by a Worker. */
import { definitionsDigest } from '../catalog/digest.ts'
import type { Definitions } from '../catalog/entry.ts'
import type { Built } from './built.ts'

/** @param build everything a {@link Built} says that does not follow from the definitions */
export async function pin(
  definitions: Definitions,
  build: Omit<Built, 'digest' | 'definitionsJson'>,
): Promise<Built> {
  const { name, build: id, trust, policy } = build
  return {
    name,
    build: id,
    digest: await definitionsDigest(definitions),
    definitionsJson: JSON.stringify(definitions),
    trust,
    ...(policy ? { policy } : {}),
  }
}
