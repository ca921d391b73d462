import { defineTool } from '#shared'
import * as z from 'zod'
import { PRICES_EURO, totalEuro, type Cart } from '../cart.ts'

export default defineTool({
  description: 'Put a product into the cart. Without a cart a new one; use it from then on.',
  input: z.object({
    cart: z.string().optional().describe('As the first call answered it'),
    product: z.enum(Object.keys(PRICES_EURO)),
    count: z.number().int().min(1).max(99).default(1),
  }),
  async handler({ cart, product, count }, { state }) {
    const kept = await state<Cart>(cart)
    const items = await kept.update('items', (items = {}) => {
      return { ...items, [product]: (items[product] ?? 0) + count }
    })
    return { cart: kept.handle, items, totalEuro: totalEuro(items) }
  },
})
