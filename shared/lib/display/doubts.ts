/**
 * Where the letters of a name may deceive: which alphabets it is written in, and whether they make
 * it look like another one (UTS #39 §5: mixed-script and whole-script confusables), judged word by word: "Яндекс Mail" is
 * no deception, "Сlaude" with a Cyrillic first letter is.
 */

import { foreignText } from './foreign-text.ts'

export type Doubt =
  /** One word in letters of several alphabets. */
  | { readonly kind: 'mixed'; readonly scripts: readonly string[] }
  /** A word in another alphabet, all of its letters like Latin ones. */
  | { readonly kind: 'looks_latin'; readonly script: string }
  /** Letters of an alphabet that is hardly in use (UAX #31 table 5 does not recommend it). */
  | { readonly kind: 'rare' }
  /** Letters made to look like plain ones: mathematical, full width, phonetic. */
  | { readonly kind: 'styled' }
  /** It held characters that turn the direction of writing; they are out (foreign-text.ts). */
  | { readonly kind: 'turned' }

/** UAX #31 table 5, recommended scripts. */
const SCRIPTS = (
  'Latin Greek Cyrillic Armenian Hebrew Arabic Thaana Devanagari Bengali Gurmukhi Gujarati Oriya ' +
  'Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Georgian Ethiopic Khmer Hangul ' +
  'Hiragana Katakana Bopomofo Han'
).split(' ')
/** Written together every day (UTS #39 §5.2, "highly restrictive"). */
const TOGETHER = ['Latin Han Hiragana Katakana', 'Latin Han Hangul', 'Latin Han Bopomofo'].map(
  (names) => new Set(names.split(' ')),
)
/**
 * Letters that look like Latin ones, by script: of UTS #39's confusables those that Chromium's check
 * of domain names counts, with the capitals that it has no need of.
 */
const LIKE_LATIN: Readonly<Record<string, RegExp>> = {
  Cyrillic: /^[аысԁеёԍһіїюјӏорԗԛѕԝхуъьҽпгѵѡАВЕЁКМНОРСТУХІЇЈЅԚԜҮѴӀЬ]+$/u,
  Greek: /^[αικνρυωηοτΑΒΕΖΗΙΚΜΝΟΡΤΥΧϲϳ]+$/u,
  Armenian: /^[ագէլհյոսւօՕՍԼ]+$/u,
  Georgian: /^[იოყძხჽჿ]+$/u,
}

/** Embeddings, overrides and isolates: no name in any language needs one. */
const TURNS = /[\u{202A}-\u{202E}\u{2066}-\u{2069}]/u
const PATTERNS = new Map(SCRIPTS.map((name) => [name, new RegExp(`^\\p{Script=${name}}`, 'u')]))
const NEUTRAL = /^[\p{Script=Common}\p{Script=Inherited}]/u
const RARE = 'another'
const NOT_OF_WORDS = /[^\p{L}\p{M}\p{N}]+/u
/** Phonetic and other letters that are Latin by name, and no alphabet's: ɑ, ɡ, ʟ, ǀ. */
const PHONETIC =
  /[\u{1C0}-\u{1C3}\u{250}-\u{2AF}\u{1D00}-\u{1DBF}\u{2C60}-\u{2C7F}\u{A720}-\u{A7FF}\u{AB30}-\u{AB6F}]/u
/** Letters and signs (Ⓐ) that compatibility takes for a plain letter or digit; trademarks are none. */
const STYLED = /[\p{L}\p{Nd}\p{Nl}\u{2460}-\u{24FF}]/u
const PLAIN = /^[A-Za-z0-9()]+$/

/** @param written as it came @returns each doubt once; none for nearly every honest name */
export function doubtsAbout(written: string): Doubt[] {
  const doubts = new Map<string, Doubt>()
  const add = (doubt: Doubt) => doubts.set(JSON.stringify(doubt), doubt)
  if (TURNS.test(written)) add({ kind: 'turned' })
  const text = foreignText(written)
  for (const word of text.split(NOT_OF_WORDS)) {
    const scripts = scriptsOf(word)
    if (scripts.has(RARE)) add({ kind: 'rare' })
    else if (isMixed(scripts)) add({ kind: 'mixed', scripts: [...scripts].sort() })
    const [script = ''] = scripts
    if (scripts.size === 1 && isLikeLatin(word, script)) add({ kind: 'looks_latin', script })
  }
  if (Array.from(text).some(isStyled)) add({ kind: 'styled' })
  return [...doubts.values()]
}

function scriptsOf(word: string): Set<string> {
  const scripts = new Set<string>()
  for (const char of word) {
    if (!NEUTRAL.test(char)) scripts.add(scriptOf(char))
  }
  return scripts
}

function scriptOf(char: string): string {
  for (const [name, pattern] of PATTERNS) if (pattern.test(char)) return name
  return RARE
}

const isMixed = (scripts: ReadonlySet<string>): boolean =>
  scripts.size > 1 && !TOGETHER.some((together) => [...scripts].every((name) => together.has(name)))

function isLikeLatin(word: string, script: string): boolean {
  const letters = word.replace(/[^\p{L}]/gu, '')
  return LIKE_LATIN[script]?.test(letters) ?? false
}

const isStyled = (char: string): boolean =>
  PHONETIC.test(char) ||
  // Spanish writes 1ª and 2º.
  (char > '\u{FF}' && STYLED.test(char) && PLAIN.test(char.normalize('NFKC')))
