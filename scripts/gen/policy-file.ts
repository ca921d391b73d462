/** The optional `policy.json` of a server; counts only when the Catalog first sees the name. */
import { join } from 'node:path'
import { policyFileSchema, type PolicyFile } from '#shared/catalog/entry-schema.ts'
import { checkJson } from './check-json.ts'
import { readIfPresent } from './write-if-changed.ts'

/** @throws Stop naming what is wrong with the file */
export function readPolicy(serverFolder: string): PolicyFile | undefined {
  const path = join(serverFolder, 'policy.json')
  const text = readIfPresent(path)
  if (text === undefined) return undefined
  const keys = Object.keys(policyFileSchema.shape).join(', ')
  return checkJson(path, text, policyFileSchema, `It may set ${keys}.`)
}
