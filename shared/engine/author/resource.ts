/**
 * `defineResource`: something to read at a URI, or at every URI of a template
 * (2026-07-28 server/resources).
 */
import { isUriTemplate, type UriVariables } from '../../lib/uri-template.ts'
import { checkCompleters, checkResource } from './check-features.ts'
import type { Complete, LookContext } from './complete.ts'
import type { ContentAnnotations } from './content.ts'
import type { RunContext, ToolIcon } from './define.ts'
import type { Scopes } from './scopes.ts'

export interface ResourceContext extends RunContext {
  /** As the client asked for it. */
  readonly uri: string
}

/** What `list` shows of one resource. */
export interface ListedResource {
  uri: string
  name: string
  title?: string
  description?: string
  mimeType?: string
  /** Bytes. */
  size?: number
  annotations?: ContentAnnotations
}

export interface ResourcePage {
  resources: ListedResource[]
  /** Handed back for the next page. The client carries it: check it as you would any argument. */
  nextCursor?: string
}

interface TextContents {
  uri: string
  mimeType?: string
  text: string
}
interface BlobContents {
  uri: string
  mimeType?: string
  /** Base64. */
  blob: string
}

/**
 * A string is text, bytes are bytes, `{ contents }` goes to the client as it is,
 * any other object is JSON; nothing means that there is no such resource.
 */
export type ResourceOutput =
  string | Uint8Array | { contents: (TextContents | BlobContents)[] } | object | null | undefined

export interface ResourceOptions<Uri extends string = string> {
  /** A URI such as `notes://all`, or a template such as `notes://{id}` (RFC 6570). */
  uri: Uri
  /** Written for people and models: what is to be read there. */
  description: string
  title?: string
  /** Of what `read` answers. Default: text/plain, application/octet-stream or application/json. */
  mimeType?: string
  /** Scopes a caller must all hold. */
  scopes?: Scopes
  icons?: ToolIcon[]
  annotations?: ContentAnnotations
  /** Default 120 000; at most 15 minutes. */
  timeoutMs?: number
  /** Suggestions for the variables of a template. */
  complete?: { [Name in keyof UriVariables<Uri> & string]?: Complete }
  /** Of a template: which resources there are, for this caller, now. */
  list?(
    context: LookContext,
    cursor: string | undefined,
  ): ListedResource[] | ResourcePage | Promise<ListedResource[] | ResourcePage>
  /** @param variables of the template, decoded; `{+x}` as sent */
  read(
    variables: UriVariables<Uri>,
    context: ResourceContext,
  ): ResourceOutput | Promise<ResourceOutput>
}

const RESOURCE = Symbol('mcp-edge resource')

/** A checked resource. Its name is its key in `defineServer({ resources })`. */
export interface Resource extends Readonly<Omit<ResourceOptions, 'read' | 'complete'>> {
  readonly [RESOURCE]: true
  readonly complete?: Readonly<Record<string, Complete>>
  read(variables: Record<string, string>, context: ResourceContext): unknown
}

/** @throws TypeError with the remedy, for unknown options and impossible values */
export function defineResource<const Uri extends string>(options: ResourceOptions<Uri>): Resource {
  const names = checkResource(options)
  const resource = options as unknown as Resource
  checkCompleters('defineResource', resource.complete, names)
  return Object.freeze({ ...resource, [RESOURCE]: true as const })
}

export const isResource = (value: unknown): value is Resource =>
  typeof value === 'object' && value !== null && RESOURCE in value

export const isTemplate = ({ uri }: Resource): boolean => isUriTemplate(uri)
