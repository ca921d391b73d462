/** MCP content blocks (2026-07-28 server/tools "Tool Result"): what a tool may return beside plain values. */

export interface ContentAnnotations {
  audience?: ('user' | 'assistant')[]
  /** 0 (optional) to 1 (required). */
  priority?: number
  /** ISO 8601. */
  lastModified?: string
}

interface BlockBase {
  annotations?: ContentAnnotations
  _meta?: Record<string, unknown>
}
export interface TextBlock extends BlockBase {
  type: 'text'
  text: string
}
export interface ImageBlock extends BlockBase {
  type: 'image'
  /** Base64. */
  data: string
  mimeType: string
}
export interface AudioBlock extends BlockBase {
  type: 'audio'
  /** Base64. */
  data: string
  mimeType: string
}
export interface EmbeddedResourceBlock extends BlockBase {
  type: 'resource'
  resource:
    | { uri: string; mimeType?: string; text: string; _meta?: Record<string, unknown> }
    /** `blob` is Base64. */
    | { uri: string; mimeType?: string; blob: string; _meta?: Record<string, unknown> }
}
export interface ResourceLinkBlock extends BlockBase {
  type: 'resource_link'
  uri: string
  name: string
  title?: string
  description?: string
  mimeType?: string
  /** Bytes. */
  size?: number
}

export type ContentBlock =
  TextBlock | ImageBlock | AudioBlock | EmbeddedResourceBlock | ResourceLinkBlock

/** Returned by a handler, `{ content: [...] }` goes to the client as it is. */
export interface ContentResult {
  content: ContentBlock[]
}
