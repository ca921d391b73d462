/**
 * Text that others wrote (names, titles, descriptions, hosts), made fit to stand beside our own
 * words on a page. Used for every such text of every page; HTML escaping is the template's job.
 *
 * Removed: control characters, bidirectional controls (UAX #9), invisible characters and pictures
 * that imitate signs of trust. Spaces collapse, the length is bounded, the form is NFC.
 *
 * Does NOT say that a name is true, nor that its letters are what they look like (doubts.ts).
 *
 * No I/O and no clock.
 */
import { HOST_MAX_CHARS, MARKS_MAX, NAME_MAX_CHARS, SCANNED_MAX_CHARS } from './limits.ts'

/**
 * Format characters, private use, unassigned and lone surrogates, and what is blank without being
 * a space: Unicode's Default_Ignorable_Code_Point, and U+2800 BRAILLE PATTERN BLANK.
 */
const HIDDEN =
  /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/gu
/** Ticks, locks, stars and flags: to a reader they are signs of our page. */
const PICTURES =
  /[\p{Extended_Pictographic}\p{Regional_Indicator}\u{2600}-\u{27BF}\u{1F000}-\u{1FAFF}]|\u{20E3}/gu
/**
 * Joiners shape words of Persian (ZWNJ between two letters) and of Indic scripts (ZWJ or ZWNJ after
 * a virama); there they stay (UAX #31 §2.3.1). Anywhere else they are invisible.
 */
const JOINER_IN_PLACE =
  '(?<=\\p{Script=Arabic}\\p{M}*)\u200C(?=\\p{Script=Arabic})|' +
  '(?<=[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA])[\u200C\u200D](?=\\p{L})'
const LOOSE_JOINERS = new RegExp(`(?!${JOINER_IN_PLACE})[\u200C\u200D]`, 'gu')
const SPACES = /[\t-\r\u{85}\p{Z}]+/gu
/** Marks with no letter below them sit on our own words. */
const LOOSE_MARKS = /(^|[^\p{L}\p{N}\p{M}])\p{M}+/gu
const STACKED_MARKS = new RegExp(`(\\p{M}{${MARKS_MAX}})\\p{M}+`, 'gu')

/**
 * @param written as it came
 * @param maxChars length in code points of what is shown, the ellipsis included
 * @param keep which end stays where the text is longer
 * @returns empty where nothing visible is left
 */
export function foreignText(
  written: string,
  maxChars = NAME_MAX_CHARS,
  keep: 'start' | 'end' = 'start',
): string {
  const read =
    keep === 'start' ? written.slice(0, SCANNED_MAX_CHARS) : written.slice(-SCANNED_MAX_CHARS)
  const visible = read
    .replace(SPACES, ' ')
    .replace(HIDDEN, '')
    .replace(PICTURES, '')
    .replace(LOOSE_JOINERS, '')
    .normalize('NFC')
    .replace(LOOSE_MARKS, '$1')
    .replace(STACKED_MARKS, '$1')
    // Its virama may have been one mark too many.
    .replace(LOOSE_JOINERS, '')
    .replace(SPACES, ' ')
    .trim()
  return bounded(visible, maxChars, keep)
}

/**
 * A host name, as the URL parser writes it: names in other alphabets are in their `xn--` form
 * (WHATWG URL §3.5). What is too long loses its beginning: the end says who owns it.
 */
export const foreignHost = (host: string): string => foreignText(host, HOST_MAX_CHARS, 'end')

function bounded(text: string, maxChars: number, keep: 'start' | 'end'): string {
  const chars = Array.from(text)
  if (chars.length <= maxChars) return text
  if (keep === 'end') {
    const end = chars.slice(1 - maxChars).join('')
    return `…${end.replace(/^(?:[\p{M} ]|\u200C|\u200D)+/u, '')}`
  }
  return `${chars
    .slice(0, maxChars - 1)
    .join('')
    .replace(/(?: |\u200C|\u200D)+$/u, '')}…`
}
