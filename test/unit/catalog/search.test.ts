/** Which tools fit a task in words, for whom, and how fast. */
import { describe, expect, test } from 'vitest'
import type { Principal } from '#shared/identity/principal.ts'
import { DEFAULT_POLICY, type Policy, type ServerEntry } from '#shared/catalog/entry.ts'
import { measureRecall } from '#shared/catalog/search/recall.ts'
import { documentsOf, ToolSearch } from '#shared/catalog/search/search.ts'
import { stem, wordsOf } from '#shared/catalog/search/stem.ts'
import { promised } from '../../_pace.ts'

const ada: Principal = { subject: 'ada', tenant: 'default', clientId: 'c', scopes: [] }
const entryOf = (name: string, tools: Record<string, string>, aliases = {}): ServerEntry => ({
  name,
  digest: 'd',
  aliases,
  definitions: {
    serverInfo: { name, version: '1' },
    tools: Object.entries(tools).map(([tool, description]) => ({
      wire: { name: tool, description, inputSchema: { type: 'object' } },
      scopes: [],
    })),
  },
})
const searchOf = (entries: ServerEntry[], policies: Record<string, Policy> = {}): ToolSearch => {
  const documents: ReturnType<typeof documentsOf> = []
  for (const entry of entries) documents.push(...documentsOf(entry, documents.length))
  const open = Object.fromEntries(entries.map(({ name }) => [name, DEFAULT_POLICY]))
  return new ToolSearch(documents, { ...open, ...policies })
}
const ENTRIES = [
  entryOf('mail', {
    send_mail: 'Send a message to somebody',
    listInbox: 'Show the newest messages',
  }),
  entryOf(
    'notes',
    { create_note: 'Write a note down', purge: 'Delete every note with a tag' },
    { jot: 'create_note' },
  ),
]
const first = (query: string, search = searchOf(ENTRIES)) => search.search(query, ada, 5)[0]?.tool

describe('finds', () => {
  test.each([
    ['by the words of a task', 'please send this message to Bob', 'send_mail'],
    ['by another form of a word', 'deleting notes', 'purge'],
    ['by part of a name, however it is written', 'inbox', 'listInbox'],
    ['by an alias', 'jot', 'create_note'],
    ['by a beginning', 'messag', 'send_mail'],
    ['in spite of a slip', 'deelete', 'purge'],
  ])('%s', (_, query, tool) => {
    expect(first(query)).toBe(tool)
  })

  test('nothing where nothing fits, and in no words at all', () => {
    expect(searchOf(ENTRIES).search('quantum chromodynamics', ada, 5)).toEqual([])
    expect(searchOf(ENTRIES).search('the of a', ada, 5)).toEqual([])
  })
})

test('shows nobody what lists would not show them', () => {
  const rules = [{ effect: 'deny' as const, what: { tools: ['purge'] } }]
  const policies = {
    mail: { ...DEFAULT_POLICY, tenants: ['acme'] },
    notes: { ...DEFAULT_POLICY, rules },
  }
  const search = searchOf(ENTRIES, policies)
  const all = 'send delete create show message note'
  expect(search.search(all, ada, 50).map(({ tool }) => tool)).toEqual(['create_note'])
  const other = { ...ada, tenant: 'acme' }
  expect(search.search(all, other, 50).map(({ server }) => server)).toEqual(['mail', 'mail'])
})

test.each([
  ['notes', 'note'],
  ['deleting', 'delete'],
  ['deleted', 'delete'],
  ['queries', 'query'],
  ['searches', 'search'],
  ['creation', 'create'],
  ['running', 'run'],
])('%s and %s are the same word', (one, other) => {
  expect(stem(one)).toBe(stem(other))
})

test('names come apart at capitals, dashes and underscores', () => {
  expect(wordsOf('createIssue get-current_time')).toEqual([
    'create',
    'issue',
    'get',
    'current',
    'time',
  ])
})

test('recall: how often the wanted tool comes first, and among five', () => {
  const pairs = [
    { task: 'send a message', server: 'mail', tool: 'send_mail' },
    { task: 'remove all tagged notes', server: 'notes', tool: 'create_note' },
    { task: 'fly to the moon', server: 'notes', tool: 'purge' },
  ]
  expect(measureRecall(searchOf(ENTRIES), pairs, ada)).toEqual({
    tasks: 3,
    at1: 0.333,
    at5: 0.667,
    missed: [{ task: 'fly to the moon', wanted: 'notes/purge', first: 'nothing' }],
  })
})

test('5,000 tools are searched in a few milliseconds', () => {
  const verbs = [
    'create',
    'delete',
    'list',
    'update',
    'find',
    'export',
    'import',
    'share',
    'lock',
    'tag',
  ]
  const things = Array.from({ length: 25 }, (_, at) => `thing${String.fromCharCode(97 + at)}`)
  const entries = Array.from({ length: 20 }, (_, server) =>
    entryOf(
      `server-${server}`,
      Object.fromEntries(
        verbs.flatMap((verb) =>
          things.map((thing) => [
            `${verb}_${thing}`,
            `${verb} a ${thing} of the account in region ${server}, with its history and owners`,
          ]),
        ),
      ),
    ),
  )
  const search = searchOf(entries)
  const queries = [
    'delete thinga history',
    'export all thingb of an account',
    'who owns thingc',
    'share region',
  ]
  for (const query of queries) search.search(query, ada, 10)
  const began = performance.now()
  for (let round = 0; round < 10; round++)
    for (const query of queries) search.search(query, ada, 10)
  const eachMs = (performance.now() - began) / 40
  console.log(`search of 5,000 tools: ${eachMs.toFixed(2)} ms`)
  expect(eachMs).toBeLessThan(promised(50))
})
