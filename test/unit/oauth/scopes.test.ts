/** What a consent page offers, in which words, and what the answer grants. */
import { describe, expect, test } from 'vitest'
import { compileServer } from '#shared/catalog/list.ts'
import { grantedScopes, offerOf } from '../../../workers/oauth/authorize/scopes.ts'

type Annotations = { readOnlyHint?: boolean; destructiveHint?: boolean }
const tool = (name: string, scopes: string[], annotations: Annotations) => ({
  wire: { name, description: '', inputSchema: {}, annotations },
  scopes,
})
const READS = { readOnlyHint: true }
const CHANGES = {}
const serverOf = (tools: ReturnType<typeof tool>[], scopeDescriptions?: Record<string, string>) =>
  compileServer({
    name: 'mail',
    digest: 'd',
    definitions: {
      serverInfo: { name: 'mail', version: '1' },
      tools,
      ...(scopeDescriptions ? { scopeDescriptions } : {}),
    },
  })
const MAIL = serverOf([
  tool('read', ['mail:read'], READS),
  tool('send', ['mail:read', 'mail:send'], CHANGES),
])
const ticked = (requested: string[]) =>
  offerOf(requested, MAIL).scopes.map(({ scope, ticked: on }) => [scope, on])
const granted = (requested: string[], boxes: string[], limited = false, server = MAIL) =>
  grantedScopes(offerOf(requested, server), requested, boxes, limited)

describe('offered', () => {
  test('asked for nothing known: all, and what reading needs is ticked', () => {
    const expected = [
      ['mail:read', true],
      ['mail:send', false],
    ]
    expect(ticked([])).toEqual(expected)
    expect(ticked(['openid', 'offline_access'])).toEqual(expected)
  })
  test('asked for by name: exactly that, ticked, unknown ones left out', () =>
    expect(ticked(['mail:send', 'other'])).toEqual([['mail:send', true]]))
  test('asked for by the name above: all below it, each to be unticked', () =>
    expect(ticked(['mail'])).toEqual([
      ['mail:read', true],
      ['mail:send', true],
    ]))
  test('a name that only begins alike is another one', () =>
    expect(ticked(['mai'])).toHaveLength(2))
})

describe('in words', () => {
  const wordsOf = (server: ReturnType<typeof serverOf>) =>
    offerOf([], server).scopes.map(({ words, uses }) => [words, ...uses])
  test('of the hints of what needs it', () => {
    const server = serverOf([
      tool('look', ['a:look'], READS),
      tool('add', ['b:add'], { destructiveHint: false }),
      tool('wipe', ['c:wipe'], CHANGES),
    ])
    expect(wordsOf(server)).toEqual([
      ['Look things up', 'look'],
      ['Add things', 'add'],
      ['Change or delete things', 'wipe'],
    ])
  })
  test('of the author, where there are such', () =>
    expect(wordsOf(serverOf([tool('look', ['a'], READS)], { a: 'See your desk' }))).toEqual([
      ['See your desk', 'look'],
    ]))
})

describe('granted', () => {
  test('what is ticked and was offered', () => {
    expect(granted([], ['mail:read', 'mail:send'])).toEqual(['mail:read', 'mail:send'])
    expect(granted(['mail:read'], ['mail:read', 'mail:send'])).toEqual(['mail:read'])
    expect(granted([], ['admin'])).toEqual([])
  })
  test('limited to reading, when the person says so', () =>
    expect(granted([], ['mail:read'], true)).toEqual(['mail:read', 'tools:execute:read_only']))
  test('limited to reading, whatever the form says, when the app asked for no more', () => {
    const asked = ['tools:execute:read_only']
    expect(offerOf(asked, MAIL).limit).toBe('fixed')
    expect(granted(asked, [], false)).toEqual(asked)
  })
  test('tools:execute is narrowed by the person, or granted', () => {
    expect(granted(['tools:execute'], [], true)).toEqual(['tools:execute:read_only'])
    expect(granted(['tools:execute'], [], false)).toEqual(['tools:execute'])
  })
  test('a server that declares the family offers it as boxes', () => {
    const server = serverOf([
      tool('look', ['tools:execute:read_only'], READS),
      tool('wipe', ['tools:execute'], CHANGES),
    ])
    expect(offerOf(['tools:execute'], server)).toMatchObject({
      limit: 'none',
      scopes: [{ scope: 'tools:execute' }, { scope: 'tools:execute:read_only' }],
    })
    const both = ['tools:execute', 'tools:execute:read_only']
    expect(granted(['tools:execute'], ['tools:execute:read_only'], false, server)).toEqual([
      both[1],
    ])
    expect(granted(['tools:execute'], both, false, server)).toEqual([both[0]])
  })
})
