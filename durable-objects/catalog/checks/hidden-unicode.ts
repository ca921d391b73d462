/**
 * Characters a person does not see and a model reads: tag characters (an ASCII
 * alphabet nobody renders), bidirectional overrides, zero-width marks, controls.
 */
import { finding, quote, textsOf, type Check } from './check.ts'

/**
 * One U+200D joins emoji and Indic letters, one variation selector chooses a form, and a
 * leading U+FEFF is a mark of files: none of them counts. In a row they spell.
 */
const HIDDEN =
  // eslint-disable-next-line no-control-regex
  /(?!^)\ufeff|\u034f|\u200d{2}|[\ufe00-\ufe0f]{2}|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}\u{1d173}-\u{1d17a}]/u

export const hiddenUnicode: Check = ({ definitions }) =>
  textsOf(definitions).flatMap(({ item, text }) => {
    const at = text.search(HIDDEN)
    if (at < 0) return []
    const around = quote(text.slice(Math.max(0, at - 10), at + 20))
    return [finding('refusal', item, `Holds characters that are not seen: ${around}`)]
  })
