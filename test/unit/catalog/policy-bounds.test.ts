/** What a policy may say of token lifetimes. */
import { expect, test } from 'vitest'
import { DEFAULT_POLICY } from '#shared/catalog/entry.ts'
import { policyFileSchema, policySchema } from '#shared/catalog/entry-schema.ts'

test.each([
  [299, false],
  [300, true],
  [86_400, true],
  [86_401, false],
  [600.5, false],
])('access tokens of %d s: %s (5 minutes to a day)', (accessTokenSeconds, isAllowed) => {
  expect(policyFileSchema.safeParse({ accessTokenSeconds }).success).toBe(isAllowed)
  const policy = { ...DEFAULT_POLICY, accessTokenSeconds }
  expect(policySchema.safeParse(policy).success).toBe(isAllowed)
})
