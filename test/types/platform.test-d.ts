/** What handlers get of PLATFORM, in types. Checked by `npm run types -- --check`. */
import { definePrompt, defineTool, type State } from '#shared'
import type { ResourceLinkBlock } from '#shared/engine/author/content.ts'
import { typesAgree } from './equal.ts'

const description = 'Remembers something'
interface Cart {
  items: string[]
  note?: string
}

defineTool({
  description,
  async handler(_args, { state }) {
    const cart = await state<Cart>('handle')
    typesAgree<typeof cart, State<Cart>>(true)
    const items = await cart.get('items')
    typesAgree<typeof items, string[] | undefined>(true)
    await cart.put('items', ['tea'])
    const updated = await cart.update('items', (current = []) => [...current, 'cup'])
    typesAgree<typeof updated, string[]>(true)
    typesAgree<Awaited<ReturnType<typeof cart.all>>, Partial<Cart>>(true)
    // @ts-expect-error no such key
    await cart.get('price')
    // @ts-expect-error another type
    await cart.put('items', 1)
    // @ts-expect-error what is there may be nothing
    await cart.update('items', (current) => current.slice())
    // Without a shape anything is kept, and nothing is known of it.
    const loose = await (await state()).get('anything')
    typesAgree<typeof loose, unknown>(true)
  },
})

defineTool({
  description,
  async handler(_args, { once, attach }) {
    const receipt = await once('pay', (idempotencyKey) => {
      typesAgree<typeof idempotencyKey, string>(true)
      return { id: 1 }
    })
    typesAgree<typeof receipt, { id: number }>(true)
    const later = await once('later', () => Promise.resolve('x'))
    typesAgree<typeof later, string>(true)
    // @ts-expect-error a step has a name
    await once(() => 1)
    const link = await attach('a.csv', new Uint8Array(1), 'text/csv')
    typesAgree<typeof link, ResourceLinkBlock>(true)
    // @ts-expect-error a media type is needed
    await attach('a.csv', 'a,b')
    // @ts-expect-error an object is no body
    await attach('a.json', { a: 1 }, 'application/json')
    return { content: [link] }
  },
})

definePrompt({
  description,
  // @ts-expect-error a prompt remembers nothing
  handler: (_args, { state }) => String(state),
})
