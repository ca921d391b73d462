import { describe, expect, test } from 'vitest'
import { createTestClient, testServer, type TestClientOptions } from '#shared/testing.ts'
import addToCart from '../../../workers/shop/tools/add-to-cart.ts'
import checkOut from '../../../workers/shop/tools/check-out.ts'

const server = { tools: { 'add-to-cart': addToCart, 'check-out': checkOut } }
testServer(server)

const says = (order: boolean): TestClientOptions => ({
  elicit: () => ({ action: 'accept', content: { order } }),
})

async function filled(options: TestClientOptions = {}) {
  const client = await createTestClient(server, options)
  const first = await client.call('add-to-cart', { product: 'tea', count: 2 })
  const { cart } = JSON.parse(first.text) as { cart: string }
  await client.call('add-to-cart', { cart, product: 'cup' })
  return { client, cart }
}

describe.each(['modern', 'legacy'] as const)('the shop, for a %s client', (era) => {
  test('keeps a cart between calls, and orders it when the user agrees to the total', async () => {
    const questions: string[] = []
    const { client, cart } = await filled({
      era,
      elicit: ({ message }) => {
        questions.push(message)
        return { action: 'accept', content: { order: true } }
      },
    })
    const { text } = await client.call('check-out', { cart })
    expect(JSON.parse(text)).toMatchObject({ items: { tea: 2, cup: 1 }, totalEuro: 17 })
    expect(questions).toEqual(['Order for 17.00 €?'])
    expect((await client.call('check-out', { cart })).text).toContain('The cart is empty.')
  })

  test('orders nothing when the user does not agree, and keeps the cart', async () => {
    const { client, cart } = await filled({ era, ...says(false) })
    expect((await client.call('check-out', { cart })).text).toBe('Nothing was ordered.')
    const { text } = await client.call('add-to-cart', { cart, product: 'tea' })
    expect(JSON.parse(text)).toMatchObject({ items: { tea: 3, cup: 1 } })
  })

  test('shows nobody the cart of another', async () => {
    const { cart } = await filled({ era })
    const other = await createTestClient(server, {
      ...says(true),
      era,
      principal: { subject: 'somebody-else' },
    })
    const { error } = await other.call('check-out', { cart })
    expect(error).toMatchObject({ code: 'unknown_handle' })
  })
})
