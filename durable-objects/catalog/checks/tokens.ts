/**
 * What a server costs a model's context before it does anything. Counted at four
 * characters a token, which is near for English and JSON: no tokeniser is carried
 * for a warning.
 */
import type { Definitions } from '#shared/catalog/entry.ts'
import { SERVER_WARNED_TOKENS, TOOL_WARNED_TOKENS } from '../../limits.ts'
import { finding, type Check, type CheckFinding } from './check.ts'

const CHARS_PER_TOKEN = 4

export const tokensOf = (value: unknown): number =>
  Math.ceil((JSON.stringify(value)?.length ?? 0) / CHARS_PER_TOKEN)

/** By tool, in the order of the list, and in sum. */
export function tokenCounts({ tools }: Pick<Definitions, 'tools'>) {
  const counts = tools.map(({ wire }) => ({ tool: wire.name, tokens: tokensOf(wire) }))
  return { tools: counts, total: counts.reduce((sum, { tokens }) => sum + tokens, 0) }
}

export const tokens: Check = ({ definitions }) => {
  const { tools, total } = tokenCounts(definitions)
  const large: CheckFinding[] = tools
    .filter((tool) => tool.tokens > TOOL_WARNED_TOKENS)
    .map(({ tool, tokens: count }) =>
      finding('warning', `tool:${tool}`, `Takes about ${count} tokens of every list`),
    )
  if (total <= SERVER_WARNED_TOKENS) return large
  return [finding('warning', undefined, `Its tools take about ${total} tokens together`), ...large]
}
