/** Who the token is of, and the account's own settings. */
import type { Account } from './account.ts'
import type { Route } from './routes.ts'

const described = ({ id }: Account) => ({ id, name: 'Imitation', type: 'standard', settings: {} })

export const accountRoutes: readonly Route[] = [
  ['GET /user', () => ({ id: 'u', email: 'operator@example.com' })],
  ['GET /user/tokens/verify', () => ({ id: 't', status: 'active' })],
  ['GET /accounts', ({ account }) => [described(account)]],
  ['GET /memberships', ({ account }) => [{ id: 'm', account: described(account), roles: [] }]],
  ['GET /', ({ account }) => described(account)],
  ['GET /workers/subdomain', ({ account }) => ({ subdomain: account.subdomain })],
  ['GET /workers/tails/by-consumer/:name', () => []],
  ['GET /zones', ({ account }) => [{ id: 'z', name: 'example.com', account: described(account) }]],
  ['GET /workers/domains/records', ({ account }) => [...account.domains.values()]],
]
