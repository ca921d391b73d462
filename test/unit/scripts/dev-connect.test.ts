import { expect, test } from 'vitest'
import { connectLines } from '../../../scripts/dev-connect.ts'

const URL_HERE = 'http://localhost:8787/clock/mcp'

test('each client gets the line it understands', () => {
  const lines = Object.fromEntries(connectLines('clock', URL_HERE))
  expect(lines['Claude Code']).toBe(`claude mcp add --transport http clock ${URL_HERE}`)
  const vsCode = /^code --add-mcp '(.*)'$/.exec(lines['VS Code'] ?? '')?.[1] ?? ''
  expect(JSON.parse(vsCode)).toEqual({ name: 'clock', type: 'http', url: URL_HERE })
  const cursor = new URL(lines['Cursor'] ?? '').searchParams
  expect(cursor.get('name')).toBe('clock')
  expect(JSON.parse(atob(cursor.get('config') ?? ''))).toEqual({ url: URL_HERE })
  expect(lines['ChatGPT, claude.ai']).toContain('--public')
})

test('clients that run elsewhere get the URL of the tunnel', () => {
  const url = 'https://abc.example.com/clock/mcp'
  expect(Object.fromEntries(connectLines('clock', url))['ChatGPT, claude.ai']).toContain(url)
})
