/** Descriptions that speak of another server's tools: one server steering how others are used. */
import { finding, textsOf, type Check } from './check.ts'

/** Words people write anyway; a tool of such a name is no reference. */
const LETTERS_MIN = 6
const WORD = /[A-Za-z0-9_-]+/g

export const foreignTools: Check = ({ definitions, foreignTools: foreign }) => {
  const own = new Set(definitions.tools.map(({ wire }) => wire.name))
  const seen = new Set<string>()
  return textsOf(definitions).flatMap(({ item, text }) =>
    [...text.matchAll(WORD)].flatMap(([word]) => {
      const server = foreign.get(word)
      const isName = /[_-]|[a-z][A-Z]/.test(word) && word.length >= LETTERS_MIN
      if (server === undefined || !isName || own.has(word) || seen.has(`${item} ${word}`)) return []
      seen.add(`${item} ${word}`)
      return [finding('warning', item, `Speaks of ${word}, a tool of the server ${server}`)]
    }),
  )
}
