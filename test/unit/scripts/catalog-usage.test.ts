import { describe, expect, it } from 'vitest'
import { surplusOf } from '../../../scripts/catalog/usage.ts'

const CANARY =
  '<server> --percent 20 [--client id …] (--override json | --script | --code-version v [--revision r])'

describe('what a command would pass over is named', () => {
  it.each([
    ['', ['x'], {}, 'x'],
    ['<server>', ['a', 'b'], {}, 'b'],
    ['<server> [revision]', ['a', 'b', 'c'], {}, 'c'],
    ['[server] [--before change]', ['a', 'b'], {}, 'b'],
    ['<server> <json|@file|-> [--label canary]', ['a', 'b', 'c'], {}, 'c'],
    [CANARY, ['a', 'b'], {}, 'b'],
    ['<server>', ['a'], { percent: '5' }, '--percent'],
    ['<server>', ['a'], { client: ['c'] }, '--client'],
    ['<server>', ['a'], { script: true }, '--script'],
  ])('%s', (usage, args, values, surplus) => {
    expect(surplusOf(usage, args, values)).toBe(surplus)
  })
})

describe('what it takes is not', () => {
  it.each([
    ['', [], { json: true, env: 'dev', client: [], script: false }],
    ['<server> [revision]', ['a', 'b'], { note: 'why' }],
    ['<words …> [--limit n]', ['a', 'b', 'c', 'd'], { limit: '3' }],
    [CANARY, ['a'], { percent: '5', client: ['c'], 'code-version': 'v', revision: ['r'] }],
  ])('%s', (usage, args, values) => {
    expect(surplusOf(usage, args, values)).toBeUndefined()
  })
})
