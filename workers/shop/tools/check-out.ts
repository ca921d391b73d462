import { defineTool, ToolError } from '#shared'
import * as z from 'zod'
import { totalEuro, type Cart } from '../cart.ts'

export default defineTool({
  description: 'Order what is in the cart, after the user confirmed the total',
  input: z.object({ cart: z.string() }),
  annotations: { destructiveHint: true },
  async handler({ cart }, { state, elicit, once }) {
    const kept = await state<Cart>(cart)
    const items = await kept.get('items')
    if (!items) throw new ToolError('The cart is empty.', { hint: 'Call add-to-cart first.' })
    const form = z.object({ order: z.boolean().describe('Order and pay') })
    const answer = await elicit('order', `Order for ${totalEuro(items).toFixed(2)} €?`, form)
    if (answer.action !== 'accept' || !answer.content.order) return 'Nothing was ordered.'
    // Where a real shop charges: it would hand the idempotency key on.
    const order = await once('charge', (idempotencyKey) => ({ id: idempotencyKey.slice(0, 8) }))
    await kept.delete('items')
    return { order: order.id, items, totalEuro: totalEuro(items) }
  },
})
