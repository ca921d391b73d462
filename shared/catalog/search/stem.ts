/**
 * English words to what they have in common: `notes`, `noted`, `noting` → `note`.
 * Light on purpose (plurals, -ing, -ed, -ly, -er, -ation): search ranks, it does
 * not parse, and words of other languages pass nearly unharmed.
 */
const VOWEL = /[aeiouy]/

export function stem(word: string): string {
  if (word.length < 4) return word
  let stemmed = singular(word)
  for (const [ending, instead] of ENDINGS) {
    const root = stemmed.slice(0, -ending.length)
    if (stemmed.endsWith(ending) && root.length > 2 && VOWEL.test(root)) {
      stemmed = root + instead
      break
    }
  }
  return undoubled(stemmed).replace(/e$/, '').replace(/y$/, 'i')
}

const ENDINGS: readonly (readonly [string, string])[] = [
  ['ization', 'ize'],
  ['ations', 'ate'],
  ['ation', 'ate'],
  ['ing', ''],
  ['edly', ''],
  ['ed', ''],
  ['er', ''],
  ['or', ''],
  ['ly', ''],
  ['ment', ''],
  ['ion', ''],
]

function singular(word: string): string {
  if (/(ss|us|is)$/.test(word)) return word
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  if (/(ch|sh|x|z|ss)es$/.test(word)) return word.slice(0, -2)
  return word.replace(/s$/, '')
}

const undoubled = (word: string): string =>
  /([bdfgmnprt])\1$/.test(word) ? word.slice(0, -1) : word

/** Words of a text or a name: `createIssue`, `create_issue` and `create issue` are the same two. */
export const wordsOf = (text: string): string[] =>
  text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '' && !COMMON.has(word))

/** Words of every task and description: they say nothing about which tool is meant. */
const COMMON = new Set(
  'a an and are as at be by for from has i in is it its me my of on or that the this to want was what which will with you your'.split(
    ' ',
  ),
)
