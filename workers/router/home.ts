/** `/`: what runs here and how to connect. Shows public servers only: strangers read this page. */
import { html } from 'hono/html'
import { foreignText } from '#shared/lib/display/foreign-text.ts'
import { CODE_MAX_CHARS } from '#shared/lib/display/limits.ts'
import type { CatalogIndex } from '#shared/catalog/entry.ts'

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
  code { font-family: ui-monospace, monospace; font-size: .9em }
  pre { padding: .75rem 1rem; border: 1px solid #8884; border-radius: .4rem; overflow-x: auto }
`
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** A URL with a name in it, apart from our own words. */
const code = (url: string) => html`<code><bdi>${foreignText(url, CODE_MAX_CHARS)}</bdi></code>`

export async function homePage(publicOrigin: string, index: CatalogIndex): Promise<Response> {
  const names = Object.entries(index.servers)
    .filter(([, { policy }]) => policy.visibility === 'public')
    .map(([name]) => name)
    .sort()
  const example = `${publicOrigin}/${names[0] ?? '<server>'}/mcp`
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>mcp-edge</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <h1>mcp-edge</h1>
        <p>
          MCP servers live here. Put a server's URL into your client; it will ask you to sign in.
        </p>
        <h2>Public servers</h2>
        ${
          names.length > 0
            ? html`<ul>
                ${names.map((name) => html`<li>${code(`${publicOrigin}/${name}/mcp`)}</li>`)}
              </ul>`
            : html`<p>None. The others are shown to signed-in users only.</p>`
        }
        <h2>Connect</h2>
        <pre><code>claude mcp add --transport http my-server </code>${code(example)}</pre>
        <p>
          Cursor, VS Code, ChatGPT and every MCP client with remote servers take the same URL, in
          protocol 2025-11-25 and 2026-07-28.
        </p>
      </body>
    </html>`
  return new Response(String(await page), { headers: HEADERS })
}
