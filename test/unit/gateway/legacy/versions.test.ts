/** What each 2025 revision lacks is not in the answers to its clients (changelogs and schemas of the revisions). */
import { describe, expect, it } from 'vitest'
import { capabilitiesOf, flagsOf } from '#shared/gateway/legacy/capabilities.ts'
import { legacyForm, needsNewerForms } from '#shared/gateway/legacy/legacy-form.ts'
import { translate } from '#shared/gateway/legacy/translate.ts'
import type { InnerMethod } from '#shared/gateway/legacy/input.ts'
import { LEGACY_VERSIONS, type LegacyVersion } from '#shared/protocol/versions.ts'
import { createEdge, initializeMessage } from './_input.ts'

const [NEWEST, JUNE, MARCH, FIRST] = LEGACY_VERSIONS
const icons = [{ src: 'https://example.com/i.png' }]
const named = { name: 'n', title: 'T', description: 'd', icons, _meta: { a: 1 } }

const TOOL = {
  ...named,
  inputSchema: { type: 'object', title: 'kept' },
  outputSchema: { type: 'object' },
  annotations: { title: 'hint', readOnlyHint: true },
}
const PROMPT = { ...named, arguments: [{ name: 'a', title: 'A', required: true }] }
const RESOURCE = { ...named, uri: 'a://b', annotations: { priority: 1, lastModified: '2025' } }

const LISTS = { tools: [TOOL], prompts: [PROMPT], resources: [RESOURCE] }
const CAPABILITIES = { tools: {}, prompts: {}, resources: {}, completions: {}, logging: {} }

const edge = () =>
  createEdge(undefined, {
    capabilities: CAPABILITIES,
    lists: Object.fromEntries(
      Object.entries(LISTS).map(([kind, items]) => [kind, JSON.stringify(items)]),
    ),
  })

async function listed(kind: keyof typeof LISTS, version: LegacyVersion) {
  const response = await edge().post(
    { id: 1, method: `${kind}/list` },
    { 'mcp-protocol-version': version },
  )
  const { result } = (await response.json()) as {
    result: Record<string, Record<string, unknown>[]>
  }
  return result[kind]?.[0] ?? {}
}

const membersOf = async (kind: keyof typeof LISTS, version: LegacyVersion) =>
  Object.keys(await listed(kind, version))
    .toSorted()
    .join(' ')

describe('lists', () => {
  it('are whole in 2025-11-25', async () => {
    expect(await listed('tools', NEWEST)).toEqual(TOOL)
    expect(await listed('prompts', NEWEST)).toEqual(PROMPT)
    expect(await listed('resources', NEWEST)).toEqual(RESOURCE)
  })

  it.each([
    ['tools', JUNE, '_meta annotations description inputSchema name outputSchema title'],
    ['tools', MARCH, 'annotations description inputSchema name'],
    ['tools', FIRST, 'description inputSchema name'],
    ['prompts', JUNE, '_meta arguments description name title'],
    ['prompts', MARCH, 'arguments description name'],
    ['resources', JUNE, '_meta annotations description name title uri'],
    ['resources', FIRST, 'annotations description name uri'],
  ] as const)('%s of %s have %s', async (kind, version, members) => {
    expect(await membersOf(kind, version)).toBe(members)
  })

  it('leave schemas and hints as they are, and shape what stands deeper', async () => {
    const tool = await listed('tools', MARCH)
    expect(tool['inputSchema']).toEqual(TOOL.inputSchema)
    expect(tool['annotations']).toEqual(TOOL.annotations)
    expect((await listed('prompts', MARCH))['arguments']).toEqual([{ name: 'a', required: true }])
    expect((await listed('resources', MARCH))['annotations']).toEqual({ priority: 1 })
  })
})

describe('initialize', () => {
  it('says the client’s own revision, and declares no completions before 2025-03-26', async () => {
    for (const version of LEGACY_VERSIONS) {
      const response = await edge().post(initializeMessage(version))
      const { result } = (await response.json()) as {
        result: { protocolVersion: string; capabilities: object }
      }
      expect(result.protocolVersion).toBe(version)
      expect('completions' in result.capabilities).toBe(version !== FIRST)
    }
  })

  it('counts nothing a client declares that its revision has no words for', () => {
    const all = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} }
    expect(capabilitiesOf(flagsOf(all, NEWEST))).toEqual(all)
    const june = { elicitation: { form: {} }, sampling: {}, roots: {} }
    expect(capabilitiesOf(flagsOf(all, JUNE))).toEqual(june)
    for (const version of [MARCH, FIRST]) {
      expect(capabilitiesOf(flagsOf(all, version))).toEqual({ sampling: {}, roots: {} })
    }
  })
})

describe('answers', () => {
  const said = (method: InnerMethod, result: object, version: LegacyVersion) => {
    const text = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      result: { resultType: 'complete', ...result },
    })
    const translated = translate(text, 200, { requestId: 1, method, version })
    if (translated.kind !== 'final') throw new Error(translated.kind)
    return (JSON.parse(translated.text) as { result: unknown }).result
  }
  const block = { type: 'text', text: 'x', _meta: { a: 1 } }
  const contents = { uri: 'a://b', text: 'x', _meta: { a: 1 } }

  it('of tools have no structured content before 2025-06-18', () => {
    const result = { content: [block], structuredContent: { a: 1 } }
    expect(said('tools/call', result, JUNE)).toEqual(result)
    expect(said('tools/call', result, MARCH)).toEqual({ content: [{ type: 'text', text: 'x' }] })
  })

  it('shape embedded resources, contents and the list only the server knows', () => {
    const resource = { type: 'resource', resource: contents }
    expect(said('tools/call', { content: [resource] }, MARCH)).toEqual({
      content: [{ type: 'resource', resource: { uri: 'a://b', text: 'x' } }],
    })
    expect(said('resources/read', { contents: [contents] }, MARCH)).toEqual({
      contents: [{ uri: 'a://b', text: 'x' }],
    })
    expect(said('resources/list', { resources: [RESOURCE], nextCursor: 'c' }, FIRST)).toMatchObject(
      {
        nextCursor: 'c',
        resources: [{ name: 'n', description: 'd', uri: 'a://b', annotations: { priority: 1 } }],
      },
    )
  })

  it('report progress without words to 2024-11-05', () => {
    const params = { progressToken: 1, progress: 2, message: 'half' }
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })
    const seenBy = (version: LegacyVersion) =>
      translate(text, 200, { requestId: 1, method: 'tools/call', version })
    expect(seenBy(MARCH)).toEqual({ kind: 'event', text })
    expect(seenBy(FIRST)).toEqual({ kind: 'event', text: text.replace(',"message":"half"', '') })
  })
})

describe('forms of 2025-06-18', () => {
  it('have titles beside a choice, and no default but of yes and no (SEP-1034, SEP-1330)', () => {
    const properties = {
      a: { type: 'string', default: 'x', minLength: 1 },
      b: { type: 'boolean', default: true },
      c: { type: 'string', oneOf: [{ const: 'r', title: 'Red' }] },
    }
    expect(legacyForm({ type: 'object', properties, required: ['a'] })).toEqual({
      type: 'object',
      required: ['a'],
      properties: {
        a: { type: 'string', minLength: 1 },
        b: { type: 'boolean', default: true },
        c: { type: 'string', enum: ['r'], enumNames: ['Red'] },
      },
    })
  })

  it('cannot ask for several choices at once', () => {
    const form = (type: string) => ({ requestedSchema: { properties: { a: { type } } } })
    expect(needsNewerForms(form('array'))).toBe(true)
    expect(needsNewerForms(form('string'))).toBe(false)
    expect(needsNewerForms(undefined)).toBe(false)
  })
})
