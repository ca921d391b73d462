/** Who an entry of OPERATORS means, and whom of the same name it does not. */
import { describe, expect, test } from 'vitest'
import { isOperator, operatorEntry, OWNER_SUBJECT } from '#shared/identity/operators.ts'
import { OWNER_ISSUER, subjectOf } from '#shared/identity/subject.ts'

const IDP = 'https://idp.example.com/realms/a'
const ada = { subject: 'ada', tenant: 'default' }
const admin = { ...ada, groups: ['admins'] }
const foreignAdmin = { ...ada, groups: [`${IDP}#admins`] }

type Caller = Parameters<typeof isOperator>[0]

describe.each<[string, Caller]>([
  ['owner', { ...ada, subject: OWNER_SUBJECT }],
  ['ada', ada],
  ['ada tenant:acme', { ...ada, tenant: 'acme' }],
  ['group:admins', admin],
  ['group:Domain Admins', { ...ada, groups: ['Domain Admins'] }],
  ['group:admins tenant:acme', { ...admin, tenant: 'acme' }],
  ['group:Domain Admins  tenant:acme', { ...ada, tenant: 'acme', groups: ['Domain Admins'] }],
  [`group:${IDP}#admins`, foreignAdmin],
  [`group:${IDP}#admins tenant:evil`, { ...foreignAdmin, tenant: 'evil' }],
])('the entry "%s"', (entry, meant) => {
  test.each([
    ['alone', entry],
    ['among others', `nobody, ${entry} ,group:none`],
  ])('%s means whom it says', (_, operators) => {
    expect(isOperator(meant, operators)).toBe(true)
  })

  test('means nobody of the same name in another tenant', () => {
    for (const tenant of ['default', 'acme', 'evil', '', 'Default']) {
      if (tenant !== meant.tenant) expect(isOperator({ ...meant, tenant }, entry)).toBe(false)
    }
  })

  test('means no group of the same name of another issuer', () => {
    const { groups = ['admins', 'owner'] } = meant
    for (const issuer of ['https://evil.example', `${IDP}/`, 'https://idp.example.com']) {
      const theirs = groups.map((name) => `${issuer}#${name.replace(`${IDP}#`, '')}`)
      expect(isOperator({ ...meant, subject: 'eve', groups: theirs }, entry)).toBe(false)
    }
  })
})

test.each([
  ['', { ...admin, subject: '' }],
  [' , ,', { ...admin, subject: '' }],
  ['tenant:acme', { subject: '', tenant: 'acme' }],
  [' tenant:acme', { subject: '', tenant: 'acme' }],
  ['group:', { ...ada, groups: ['admins'] }],
  ['owner', { ...ada, subject: 'owner' }],
  ['owner', { ...admin, groups: ['owner'] }],
  ['admins', admin],
  ['group:ada', ada],
])('"%s" does not mean %j', (operators, caller) => {
  expect(isOperator(caller, operators)).toBe(false)
})

test('no variable means nobody', () => expect(isOperator(admin, undefined)).toBe(false))

test("an issuer's `owner` is not who holds the owner link", async () => {
  expect(await subjectOf(OWNER_ISSUER, 'owner')).toBe(OWNER_SUBJECT)
  const theirs = await subjectOf(IDP, 'owner')
  expect(isOperator({ subject: theirs, tenant: 'default' }, 'owner')).toBe(false)
})

test.each([ada, { subject: 'ada', tenant: 'acme' }])(
  '%j is told the entry that means them',
  (caller) => {
    expect(isOperator(caller, operatorEntry(caller))).toBe(true)
  },
)
