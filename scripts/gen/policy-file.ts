/** The optional `policy.json` of a server. Counts only when the Catalog first sees the name. */
import { join } from 'node:path'
import * as z from 'zod/mini'
import { policyFileSchema, type PolicyFile } from '#shared/catalog/entry.ts'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import { readIfPresent } from './write-if-changed.ts'

/** @throws Stop naming what is wrong with the file */
export function readPolicy(serverFolder: string): PolicyFile | undefined {
  const path = join(serverFolder, 'policy.json')
  const text = readIfPresent(path)
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Stop(shown(path), `It is not JSON: ${(error as Error).message}`, 'Fix it.')
  }
  const parsed = policyFileSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Stop(
    shown(path),
    z.prettifyError(parsed.error),
    `It may set ${Object.keys(policyFileSchema.shape).join(', ')}; see docs.`,
  )
}
