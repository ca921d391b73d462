/** URIs of what a tool stored instead of answering it (`ctx.attach`). */
import { isRandomId } from '../lib/random-id.ts'

/** No resource of an author has this scheme. */
export const ATTACHMENT_SCHEME = 'attachment:'
const PREFIX = `${ATTACHMENT_SCHEME}///`
/** Of the name, in the URI: it is there for people; the id alone counts. */
const SLUG_MAX_CHARS = 64

export const attachmentUri = (id: string, name: string): string =>
  `${PREFIX}${id}/${name.replace(/[^\w.-]+/g, '-').slice(-SLUG_MAX_CHARS)}`

/** @returns the id, or `undefined` for what is no URI of an attachment */
export function attachmentIdOf(uri: string): string | undefined {
  if (!uri.startsWith(PREFIX)) return undefined
  const [id = '', slug, ...rest] = uri.slice(PREFIX.length).split('/')
  return isRandomId(id) && slug !== undefined && rest.length === 0 ? id : undefined
}
