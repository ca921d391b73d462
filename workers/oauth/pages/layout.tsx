/** The frame of every page, and the headers that keep it harmless: no script, no framing, no cache. */
import type { Child } from 'hono/jsx'
import { STYLE_PATH } from '../paths.ts'

export interface PageOptions {
  status?: number
  /** Where a form's answer may lead beside this origin (CSP `form-action`). */
  formAction?: string
  headers?: Headers
  /** In place of the title at the head of the page, where it names something. */
  heading?: Child
}

/** A text that stands in our source; what is put together at run time has the type `string`. */
type Literal<Text extends string> = string extends Text ? never : Text

/**
 * A whole page.
 * @param title a literal, so that nothing of others gets into tabs, history and the head of a page
 * @param body foreign text in it goes through foreign.tsx
 */
export function page<Text extends string>(
  title: Literal<Text>,
  body: Child,
  options: PageOptions = {},
): Response {
  const document = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="stylesheet" href={STYLE_PATH} />
      </head>
      <body>
        <main>
          <h1>{options.heading ?? title}</h1>
          {body}
        </main>
      </body>
    </html>
  )
  const html = (document as { toString(): string }).toString()
  const headers = new Headers(options.headers)
  const formAction = ["'self'", options.formAction].filter(Boolean).join(' ')
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set(
    'content-security-policy',
    `default-src 'none'; style-src 'self'; base-uri 'none'; form-action ${formAction}; frame-ancestors 'none'`,
  )
  headers.set('x-frame-options', 'DENY')
  headers.set('x-content-type-options', 'nosniff')
  // Not `no-referrer`: forms would then carry `Origin: null`, and we check it.
  headers.set('referrer-policy', 'same-origin')
  headers.set('cache-control', 'no-store')
  return new Response(`<!doctype html>${html}`, {
    status: options.status ?? 200,
    headers,
  })
}

/** A refusal that must not be sent to any redirect URI. */
export function errorPage<Text extends string>(
  status: number,
  title: Literal<Text>,
  sentence: Child,
): Response {
  return page<Text>(title, <p>{sentence}</p>, { status })
}

export function redirect(location: string, headers = new Headers()): Response {
  headers.set('location', location)
  headers.set('cache-control', 'no-store')
  headers.set('referrer-policy', 'no-referrer')
  return new Response(null, { status: 303, headers })
}
