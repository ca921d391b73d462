/** How each client is pointed at a server: what `npm run dev` prints. */

/** @param url of the server's MCP endpoint */
export function connectLines(name: string, url: string): readonly (readonly [string, string])[] {
  const config = JSON.stringify({ url })
  const cursor = new URLSearchParams({ name, config: Buffer.from(config).toString('base64') })
  return [
    ['Claude Code', `claude mcp add --transport http ${name} ${url}`],
    ['VS Code', `code --add-mcp '${JSON.stringify({ name, type: 'http', url })}'`],
    ['Cursor', `cursor://anysphere.cursor-deeplink/mcp/install?${cursor.toString()}`],
    ['SDK', `new StreamableHTTPClientTransport(new URL('${url}'))`],
    [
      'ChatGPT, claude.ai',
      url.startsWith('https:')
        ? `Settings → Connectors → add ${url}`
        : 'need an https tunnel to this port: npm run dev -- --public https://…',
    ],
  ]
}
