/** The code blocks of the documentation. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/root.ts'

export interface Fence {
  /** Document and line, e.g. `docs/testing.md:12`. */
  readonly where: string
  readonly language: string
  readonly text: string
  /** The file a block says it is, in a comment on its first line. */
  readonly path: string | undefined
}

const FENCE = /^```(\w*)\n([^]*?)^```$/gm
const PATH_COMMENT = /^(?:\/\/|#) ((?:workers|test)\/\S+)\n/

export const DOCUMENTS: readonly string[] = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })]

export function fencesOf(document: string): Fence[] {
  const markdown = readFileSync(join(ROOT, document), 'utf8')
  return [...markdown.matchAll(FENCE)].map(({ index, 1: language = '', 2: text = '' }) => ({
    where: `${document}:${markdown.slice(0, index).split('\n').length}`,
    language,
    text,
    path: PATH_COMMENT.exec(text)?.[1],
  }))
}
