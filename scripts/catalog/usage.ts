/** What a command takes, read from its usage line: the help cannot say other than what is checked. */
import type { Values } from './arguments.ts'

/** Every command takes these. */
const COMMON: ReadonlySet<string> = new Set(['env', 'url', 'token', 'note', 'json', 'help'])

/**
 * The first argument or option that the command would pass over in silence: the
 * operator meant something by it.
 *
 * @param usage e.g. `<server> [revision] [--label canary]`; `…` means any number of words
 */
export function surplusOf(
  usage: string,
  args: readonly string[],
  values: Partial<Values>,
): string | undefined {
  const own = new Set([...usage.matchAll(/--([a-z0-9-]+)/g)].map(([, name = '']) => name))
  const isGiven = (value: unknown): boolean =>
    Array.isArray(value) ? value.length > 0 : Boolean(value)
  const foreign = Object.entries(values).find(
    ([name, value]) => isGiven(value) && !COMMON.has(name) && !own.has(name),
  )
  return args[argumentsOf(usage)] ?? (foreign && `--${foreign[0]}`)
}

function argumentsOf(usage: string): number {
  const args = usage
    .replaceAll(/\([^)]*\)/g, '')
    .replaceAll(/\[--[^\]]*\]/g, '')
    .replaceAll(/--\S+ \S+/g, '')
  return args.includes('…') ? Infinity : args.split(/\s+/).filter(Boolean).length
}
