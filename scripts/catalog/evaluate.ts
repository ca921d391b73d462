/** `eval <file>`: (task → tool) pairs against the catalog's words; the thresholds make it a gate. */
import { defined, jsonOf, misused, numberOf, type Values } from './arguments.ts'
import type { CatalogClient } from './client.ts'
import type { Output } from './output.ts'
import { type Answer, showRecall } from './show.ts'

/** @param file JSON: an array of `{ task, server, tool }` */
export async function evaluate(
  client: CatalogClient,
  file: string,
  { server, revision, ...values }: Values,
): Promise<Output> {
  const pairs = jsonOf(`@${file}`)
  if (!Array.isArray(pairs)) throw misused(`${file} must be an array of { task, server, tool }.`)
  console.error(`Searching for ${pairs.length} tasks …`)
  const revisions = revision.length > 0 ? revision : undefined
  if (revisions && server === undefined) throw misused('Say whose revisions: --server.')
  const answer: Answer = await client.ask('POST', '/eval', defined({ pairs, server, revisions }))
  const at1 = numberOf('min-recall-at-1', values['min-recall-at-1']) ?? 0
  const at5 = numberOf('min-recall-at-5', values['min-recall-at-5']) ?? 0
  const below = answer.revisions.filter((row: Answer) => row.at1 < at1 || row.at5 < at5)
  const names = below.map((row: Answer) => row.revision).join(', ')
  const text = showRecall(answer)
  if (below.length === 0) return { answer, text }
  return { answer, text: `${text}\n\nBelow what was asked for: ${names}`, failed: true }
}
