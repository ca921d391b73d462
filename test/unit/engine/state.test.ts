/** `state`: a small store behind a handle that only its principal can use (DESIGN §4.6, §4.8). */
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ANONYMOUS } from '#shared/identity/principal.ts'
import { STATE_KEYS_MAX, STATE_VALUE_MAX_BYTES } from '#shared/services/limits.ts'
import { defineTool } from '#shared/engine/author/define.ts'
import { ALICE, MALLORY, startEngine, textOf, type Sent } from './_harness.ts'

interface Cart {
  items: string[]
  note: string
}

const engine = await startEngine({
  open: defineTool({
    description: 'Makes a cart',
    handler: async (_args, { state }) => (await state<Cart>()).handle,
  }),
  add: defineTool({
    description: 'Adds an item',
    input: z.object({ handle: z.string(), item: z.string() }),
    async handler({ handle, item }, { state }) {
      const cart = await state<Cart>(handle)
      return cart.update('items', (items = []) => [...items, item])
    },
  }),
  use: defineTool({
    description: 'Does one thing',
    input: z.object({ handle: z.string(), what: z.string(), key: z.string(), value: z.unknown() }),
    async handler({ handle, what, key, value }, { state }) {
      const store = await state(handle)
      if (what === 'put') return store.put(key, value)
      if (what === 'delete') return store.delete(key)
      if (what === 'all') return store.all()
      return { value: await store.get(key) }
    },
  }),
  stubborn: defineTool({
    description: 'Is always too late',
    input: z.object({ handle: z.string() }),
    async handler({ handle }, { state }) {
      const store = await state<{ n: number }>(handle)
      return store.update('n', async (n = 0) => {
        await store.put('n', n + 1)
        return n + 10
      })
    },
  }),
})

const open = async (sent: Sent = {}) => textOf(await engine.call('open', {}, sent)) ?? ''
const use = (handle: string, what: string, key = 'k', value: unknown = null, sent: Sent = {}) =>
  engine.call('use', { handle, what, key, value }, sent)
const codeOf = (message: { result: { _meta: Record<string, unknown> } }) =>
  (message.result._meta['mcp-edge/error'] as { code: string }).code

describe('a handle', () => {
  it('is 128 random bits, another each time', async () => {
    const handles = await Promise.all([open(), open()])
    expect(new Set(handles).size).toBe(2)
    for (const handle of handles) expect(handle).toMatch(/^[\w-]{22}$/)
  })

  it('keeps what was put behind it', async () => {
    const handle = await open()
    await use(handle, 'put', 'a', { deep: [1] })
    await use(handle, 'put', 'b', 'text')
    expect(textOf(await use(handle, 'get', 'a'))).toBe('{"value":{"deep":[1]}}')
    expect(textOf(await use(handle, 'all'))).toBe('{"a":{"deep":[1]},"b":"text"}')
    expect(textOf(await use(handle, 'delete', 'a'))).toBe('true')
    expect(textOf(await use(handle, 'delete', 'a'))).toBe('false')
    expect(textOf(await use(handle, 'get', 'a'))).toBe('{}')
  })

  it.each([
    ['another principal', { principal: MALLORY }],
    ['another tenant', { principal: { ...ALICE, tenant: 'other' } }],
    ['a stranger', { principal: ANONYMOUS }],
  ])('is unknown to %s', async (_, sent) => {
    const handle = await open()
    const message = await use(handle, 'get', 'k', null, sent)
    expect(message.result.isError).toBe(true)
    expect(codeOf(message)).toBe('unknown_handle')
    expect(textOf(message)).toContain('Start anew without a handle')
  })

  it('of a stranger is all a stranger needs', async () => {
    const handle = await open({ principal: ANONYMOUS })
    await use(handle, 'put', 'k', 1, { principal: ANONYMOUS })
    expect(textOf(await use(handle, 'get', 'k', null, { principal: ANONYMOUS }))).toBe(
      '{"value":1}',
    )
    expect(codeOf(await use(handle, 'get'))).toBe('unknown_handle')
  })

  it.each(['', 'x', 'A'.repeat(22), '../../etc', 'A'.repeat(5000)])(
    'that nobody made is unknown: %s',
    async (handle) => {
      expect(codeOf(await use(handle, 'put', 'k', 1))).toBe('unknown_handle')
    },
  )
})

describe('changes', () => {
  it('of many calls at once all count (compare-and-set)', async () => {
    const handle = await open()
    const items = ['a', 'b', 'c', 'd', 'e']
    await Promise.all(items.map((item) => engine.call('add', { handle, item })))
    const { items: kept } = JSON.parse(textOf(await use(handle, 'all')) ?? '') as Cart
    expect(kept.toSorted()).toEqual(items)
  })

  it('that always come too late end in an error the model can act on', async () => {
    const message = await engine.call('stubborn', { handle: await open() })
    expect(codeOf(message)).toBe('state_busy')
    expect(message.result._meta['mcp-edge/error']).toMatchObject({ retryable: true })
  })

  it('over the bounds are refused, and change nothing', async () => {
    const handle = await open()
    await use(handle, 'put', 'k', 1)
    const big = 'x'.repeat(STATE_VALUE_MAX_BYTES)
    expect(codeOf(await use(handle, 'put', 'k', big))).toBe('state_full')
    expect(codeOf(await use(handle, 'put', 'k'.repeat(300), 1))).toBe('state_full')
    expect(textOf(await use(handle, 'all'))).toBe('{"k":1}')

    const eighth = 'x'.repeat(STATE_VALUE_MAX_BYTES - 100)
    for (let n = 0; n < 8; n++) await use(handle, 'put', `big${n}`, eighth)
    expect(codeOf(await use(handle, 'put', 'one more', eighth))).toBe('state_full')
    await use(handle, 'delete', 'big0')
    expect((await use(handle, 'put', 'one more', eighth)).result.isError).toBeUndefined()
  })

  it('over the number of keys are refused until one is deleted', async () => {
    const handle = await open()
    for (let n = 0; n < STATE_KEYS_MAX; n++) await use(handle, 'put', `${n}`, n)
    expect(codeOf(await use(handle, 'put', 'more', 1))).toBe('state_full')
    await use(handle, 'put', '7', 'another value of a key that is there')
    await use(handle, 'delete', '0')
    expect((await use(handle, 'put', 'more', 1)).result.isError).toBeUndefined()
  })
})
