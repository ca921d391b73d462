/** What the shop has, and what lies in a cart: product → how many. */
export const PRICES_EURO: Readonly<Record<string, number>> = { tea: 4.5, teapot: 39, cup: 8 }

export interface Cart {
  items: Record<string, number>
}

export const totalEuro = (items: Cart['items']): number =>
  Object.entries(items).reduce((sum, [item, n]) => sum + n * (PRICES_EURO[item] ?? 0), 0)
