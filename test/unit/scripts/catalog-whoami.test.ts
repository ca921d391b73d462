/** `npm run catalog -- whoami` prints an entry of OPERATORS that means the person who asks, and nobody else. */
import { expect, test } from 'vitest'
import { isOperator } from '#shared/identity/operators.ts'
import { operatorOf } from '../../../scripts/catalog/client.ts'

const tokenOf = (claims: object): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`

test.each(['default', 'acme'])('of tenant %s', (tenant) => {
  const entry = operatorOf(tokenOf({ sub: 'ada', tenant }))
  expect(isOperator({ subject: 'ada', tenant }, entry)).toBe(true)
  for (const other of ['default', 'acme', 'evil']) {
    if (other !== tenant) expect(isOperator({ subject: 'ada', tenant: other }, entry)).toBe(false)
  }
})
