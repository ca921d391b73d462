/**
 * The catalog as a resource of its own: whoever is signed in may search it, and
 * operators may have the scope that administers it. Offered to nobody else, so
 * nobody else can be granted it.
 */
import { ADMIN_SCOPE, isOperator } from '#shared/identity/operators.ts'
import { DEFAULT_POLICY, type Policy } from '#shared/catalog/entry.ts'
import { type CompiledServer, compileServer } from '#shared/catalog/list.ts'
import { CATALOG_NAME } from '#shared/protocol/names.ts'
import type { KnownServer, Person } from './known-server.ts'

const POLICY: Policy = {
  ...DEFAULT_POLICY,
  // Of every tenant: what each may see there is decided server by server.
  visibility: 'public',
  rules: [{ effect: 'deny', who: { signedIn: false } }],
}

export const CATALOG_SERVER: KnownServer = { name: CATALOG_NAME, digest: '', policy: POLICY }

const thing = (name: string, description: string, scopes: string[], readOnlyHint: boolean) => ({
  wire: { name, description, inputSchema: { type: 'object' }, annotations: { readOnlyHint } },
  scopes,
})
const SEARCH = thing('Search', 'Find tools of the servers you may use', [], true)
const ADMINISTER = thing('Administer', 'Change what every caller is shown', [ADMIN_SCOPE], false)

export function catalogDefinitions(person: Person, operators: string): CompiledServer {
  const tools = isOperator(person, operators) ? [SEARCH, ADMINISTER] : [SEARCH]
  const serverInfo = { name: CATALOG_NAME, version: '1', title: 'The catalog of this platform' }
  return compileServer({ name: CATALOG_NAME, digest: '', definitions: { serverInfo, tools } })
}
