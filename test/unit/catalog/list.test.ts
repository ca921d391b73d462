import { describe, expect, it } from 'vitest'
import type { ToolDefinition } from '#shared/catalog/entry.ts'
import { compileServer, resourceAt } from '#shared/catalog/list.ts'

const tool = (
  name: string,
  scopes: string[] = [],
  annotations?: ToolDefinition['wire']['annotations'],
): ToolDefinition => ({
  wire: {
    name,
    description: `What ${name} does`,
    inputSchema: { type: 'object' },
    ...(annotations ? { annotations } : {}),
  },
  scopes,
})

const compile = (...tools: ToolDefinition[]) =>
  compileServer({
    name: 'notes',
    digest: 'digest',
    definitions: { serverInfo: { name: 'notes', version: '1' }, tools },
  })

describe('compileServer', () => {
  it('serialises the tools verbatim, in the order the digest pins', () => {
    const [write, read] = [tool('write', ['notes:write']), tool('read')]
    expect(compile(write, read).lists.tools).toBe(JSON.stringify([write.wire, read.wire]))
  })

  it('keeps what only the platform reads out of the list', () => {
    expect(compile(tool('write', ['notes:write'])).lists.tools).not.toContain('notes:write')
  })

  it('takes a tool for read-only and idempotent only if it says so', () => {
    const { tools } = compile(
      tool('silent'),
      tool('reads', [], { readOnlyHint: true }),
      tool('repeats', [], { idempotentHint: true, readOnlyHint: false }),
    )
    expect(tools.get('silent')).toEqual({
      subject: { kind: 'tool', name: 'silent' },
      scopes: [],
      readOnly: false,
      idempotent: false,
      usesPlatform: false,
      paramHeaders: [],
    })
    expect(tools.get('reads')).toMatchObject({
      readOnly: true,
      idempotent: false,
      paramHeaders: [],
    })
    expect(tools.get('repeats')).toMatchObject({
      readOnly: false,
      idempotent: true,
      paramHeaders: [],
    })
  })

  it('unites the scopes of all tools, sorted', () => {
    const { scopes } = compile(tool('a', ['z', 'b']), tool('b', ['b', 'a']))
    expect(scopes).toEqual(['a', 'b', 'z'])
  })

  it('knows a tool called like a property of every object only if there is one', () => {
    expect(compile(tool('a')).tools.get('constructor')).toBeUndefined()
    expect(compile(tool('constructor')).tools.get('constructor')).toBeDefined()
  })
})

describe('a server whose tools attach', () => {
  const URI = `attachment:///${'A'.repeat(22)}/a.csv`
  const attaching = compile({ ...tool('export'), uses: ['attach'] })

  it('has resources to read, and lists none', () => {
    expect(attaching.capabilities.resources).toEqual({})
    expect(attaching.lists.resources).toBe('[]')
    expect(resourceAt(attaching, URI)).toMatchObject({ scopes: [], readOnly: true })
    expect(resourceAt(attaching, 'attachment:///short/a.csv')).toBeUndefined()
  })

  it('is the only one: elsewhere the URI is not found, and no resources are offered', () => {
    const other = compile({ ...tool('keep'), uses: ['state'] })
    expect(other.capabilities.resources).toBeUndefined()
    expect(resourceAt(other, URI)).toBeUndefined()
  })
})
