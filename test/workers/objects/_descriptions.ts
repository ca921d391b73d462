/** Descriptions as the router hands them to the Catalog. */
import { definitionsDigest } from '#shared/catalog/digest.ts'
import type { Definitions, ServerDescription } from '#shared/catalog/entry.ts'

let builds = 0

export function definitionsOf(...toolNames: string[]): Definitions {
  return {
    serverInfo: { name: 'clock', version: '1.0.0' },
    tools: toolNames.map((name) => ({
      wire: { name, description: `What ${name} does`, inputSchema: { type: 'object' } },
      scopes: [],
    })),
  }
}

export async function describeTools(...toolNames: string[]): Promise<ServerDescription> {
  const definitions = definitionsOf(...toolNames)
  return {
    definitions,
    digest: await definitionsDigest(definitions),
    build: `build-${++builds}`,
  }
}
