import { describe, expect, it } from 'vitest'
import { createLruCache } from '#shared/lib/lru-cache.ts'

const sizeOf = (value: string): number => value.length

describe('createLruCache', () => {
  it('forgets what was used longest ago', () => {
    const cache = createLruCache<string>(2, { max: 100, of: sizeOf })
    cache.set('a', '1')
    cache.set('b', '2')
    cache.get('a')
    cache.set('c', '3')
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['1', undefined, '3'])
  })

  it('makes room by size, for as many as it takes', () => {
    const cache = createLruCache<string>(10, { max: 10, of: sizeOf })
    for (const key of ['a', 'b', 'c']) cache.set(key, 'xxx')
    cache.set('d', 'xxxxxxx')
    expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key) !== undefined)).toEqual([
      false,
      false,
      true,
      true,
    ])
  })

  it('does not keep what is larger than all of it, nor its older value', () => {
    const cache = createLruCache<string>(10, { max: 10, of: sizeOf })
    cache.set('a', 'small')
    cache.set('b', 'other')
    cache.set('a', 'x'.repeat(11))
    expect(cache.get('a')).toBeUndefined()
    expect(cache.get('b')).toBe('other')
  })

  it('counts a replaced value once', () => {
    const cache = createLruCache<string>(10, { max: 10, of: sizeOf })
    for (let time = 0; time < 5; time++) cache.set('a', 'xxxxx')
    cache.set('b', 'xxxxx')
    expect(cache.get('a')).toBe('xxxxx')
  })
})
