/** Who may see and use what (DESIGN §4.7): one decision for lists and calls. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ANONYMOUS, PLATFORM_PRINCIPAL, type Principal } from '#shared/identity/principal.ts'
import { DEFAULT_POLICY, type Policy } from '#shared/catalog/entry.ts'
import { explain } from '#shared/catalog/explain.ts'
import { compileServer } from '#shared/catalog/list.ts'
import { permittedLists } from '#shared/catalog/permitted.ts'
import { judge, maySee, mayUse, permissionSet } from '#shared/catalog/policy.ts'
import type { Rule, Who } from '#shared/catalog/rules.ts'

const HINTS = [{}, { readOnlyHint: true }, { destructiveHint: false }, { readOnlyHint: false }]
const NAMES = ['read', 'write', 'read-all', 'drop']
const compiled = compileServer({
  name: 'notes',
  digest: 'd',
  definitions: {
    serverInfo: { name: 'notes', version: '1' },
    tools: NAMES.map((name, at) => ({
      wire: { name, description: name, inputSchema: { type: 'object' }, annotations: HINTS[at] },
      scopes: at % 2 === 0 ? [] : ['notes:write'],
    })),
    prompts: [{ wire: { name: 'plan', description: 'plan' }, scopes: [] }],
    resources: [{ wire: { uri: 'notes://a', name: 'a' }, scopes: [] }],
  },
})

const some = <Value>(...values: Value[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 })
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const clean = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Value

const rules: fc.Arbitrary<Rule> = fc
  .record({
    effect: fc.constantFrom('allow' as const, 'deny' as const),
    who: optional(
      fc
        .record({
          subjects: optional(some('ada', 'bob')),
          groups: optional(some('staff', 'guests', 'https://idp.example#staff')),
          tenants: optional(some('default', 'acme')),
          clients: optional(some('cursor', 'claude')),
          signedIn: optional(fc.boolean()),
        })
        .map(clean),
    ),
    what: optional(
      fc
        .record({
          tools: optional(some('read', 'read*', '*', 'nobody')),
          prompts: optional(some('plan', '*')),
          resources: optional(some('notes://*', 'other://x')),
          annotations: optional(
            fc
              .record({
                readOnlyHint: optional(fc.boolean()),
                destructiveHint: optional(fc.boolean()),
              })
              .map(clean),
          ),
        })
        .map(clean),
    ),
  })
  .map(clean) as fc.Arbitrary<Rule>

const policies: fc.Arbitrary<Policy> = fc
  .record({
    visibility: fc.constantFrom('private' as const, 'public' as const, 'off' as const),
    tenants: optional(some('default', 'acme')),
    rules: optional(fc.array(rules, { maxLength: 5 })),
    otherwise: optional(fc.constantFrom('allow' as const, 'deny' as const)),
  })
  .map((one) => ({ ...DEFAULT_POLICY, ...clean(one) }))

const principals: fc.Arbitrary<Principal> = fc.oneof(
  fc.constant(ANONYMOUS),
  fc.record({
    subject: fc.constantFrom('ada', 'bob', 'eve'),
    tenant: fc.constantFrom('default', 'acme', 'other'),
    clientId: fc.constantFrom('cursor', 'claude', 'agent'),
    groups: fc.subarray(['staff', 'guests', 'https://idp.example#staff']),
    scopes: fc.subarray(['notes:write']),
  }),
)

const listed = (policy: Policy, principal: Principal): string[] =>
  (JSON.parse(permittedLists(compiled, policy, principal).lists.tools) as { name: string }[]).map(
    ({ name }) => name,
  )

describe('for every policy and principal', () => {
  test('listed ⇔ callable or insufficient_scope, and `can` says the same', () => {
    fc.assert(
      fc.property(policies, principals, (policy, principal) => {
        const seen = maySee(principal, policy) ? listed(policy, principal) : []
        for (const name of NAMES) {
          const item = compiled.tools.get(name)
          const { answer } = explain(principal, { digest: 'd', policy }, compiled, item)
          expect(answer !== 'hidden').toBe(seen.includes(name))
          if (answer === 'insufficient_scope') expect(principal.scopes).toEqual([])
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('a hidden server has nothing that could be used, a visible one hides nothing it allows', () => {
    fc.assert(
      fc.property(policies, principals, (policy, principal) => {
        if (maySee(principal, policy)) return
        if (policy.visibility !== 'public') return
        // Public and still hidden: then it was the rules, and they allow nothing.
        for (const name of NAMES) {
          const subject = compiled.tools.get(name)?.subject
          expect(subject && judge(principal, policy, subject).allowed).toBe(false)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('two principals share a cached list only if the same rules are about them', () => {
    fc.assert(
      fc.property(policies, principals, principals, (policy, one, other) => {
        const [first, second] = [listed(policy, one), listed(policy, other)]
        expect(listed(policy, one)).toEqual(first)
        if (permissionSet(one, policy) === permissionSet(other, policy)) {
          expect(second).toEqual(first)
        }
        for (const name of NAMES) {
          const subject = compiled.tools.get(name)!.subject!
          expect(first.includes(name)).toBe(mayUse(one, policy, subject))
          expect(second.includes(name)).toBe(mayUse(other, policy, subject))
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

test.each([
  ['private', ['ada']],
  ['public', ['stranger', 'ada', 'acme']],
  ['off', []],
] as const)('a server that is %s is seen by %j', (visibility, seen) => {
  const callers: Record<string, Principal> = {
    stranger: ANONYMOUS,
    ada: { subject: 'ada', tenant: 'default', clientId: 'c', scopes: [] },
    acme: { subject: 'eve', tenant: 'acme', clientId: 'c', scopes: [] },
    platform: PLATFORM_PRINCIPAL,
  }
  const policy = { ...DEFAULT_POLICY, visibility }
  expect(Object.keys(callers).filter((name) => maySee(callers[name]!, policy))).toEqual(seen)
})

describe('a rule', () => {
  const policyOf = (...all: Rule[]): Policy => ({ ...DEFAULT_POLICY, rules: all })
  const ada: Principal = { subject: 'ada', tenant: 'default', clientId: 'c', scopes: [] }
  const tool = (name: string) => compiled.tools.get(name)!.subject!

  test('the first that fits decides', () => {
    const policy = policyOf(
      { effect: 'allow', who: { subjects: ['ada'] }, what: { tools: ['drop'] } },
      { effect: 'deny', what: { tools: ['drop'] } },
    )
    expect(mayUse(ada, policy, tool('drop'))).toBe(true)
    expect(mayUse({ ...ada, subject: 'bob' }, policy, tool('drop'))).toBe(false)
  })

  test('about annotations counts a hint that is not given as the specification does', () => {
    const policy = policyOf({ effect: 'deny', what: { annotations: { destructiveHint: true } } })
    expect(listed(policy, ada)).toEqual(['read-all'])
  })

  test('about tools of a name says nothing of prompts', () => {
    const policy = policyOf({ effect: 'deny', what: { tools: ['*'] } })
    expect(mayUse(ada, policy, { kind: 'prompt', name: 'plan' })).toBe(true)
    expect(listed(policy, ada)).toEqual([])
  })

  test.each([
    ['subjects', { subjects: ['ada'] }, { subject: 'bob' }],
    ['groups', { groups: ['staff'] }, { groups: ['guests'] }],
    ['tenants', { tenants: ['default'] }, { tenant: 'acme' }],
    ['clients', { clients: ['c'] }, { clientId: 'd' }],
    ['signedIn', { signedIn: true }, ANONYMOUS],
  ] as const)('names %s, and is about no others', (_, who, other) => {
    const rule = { effect: 'deny', who, what: { tools: ['drop'] } } as unknown as Rule
    const named = { ...ada, groups: ['staff'] }
    expect(mayUse(named, policyOf(rule), tool('drop'))).toBe(false)
    expect(mayUse({ ...named, ...other } as Principal, policyOf(rule), tool('drop'))).toBe(true)
  })

  test("about a resource keeps its reader from the server's own list, which knows no rules", () => {
    const wire = { uriTemplate: 'notes://{id}', name: 'notes' }
    const lists = compileServer({
      ...compiled.entry,
      definitions: {
        ...compiled.entry.definitions,
        resourceTemplates: [{ wire, scopes: [], lists: true }],
      },
    })
    const policy = policyOf({
      effect: 'deny',
      who: { subjects: ['bob'] },
      what: { resources: ['notes://a'] },
    })
    const shown = (subject: string) => permittedLists(lists, policy, { ...ada, subject })
    expect(shown('ada').listsResources).toBe(true)
    expect(shown('bob').listsResources).toBe(false)
    expect(shown('bob').lists.resources).toBe('[]')
  })

  test('no group claim is no group', () => {
    const policy = policyOf({ effect: 'allow', who: { groups: ['staff'] } }, { effect: 'deny' })
    expect(maySee(ada, policy)).toBe(false)
    expect(maySee({ ...ada, groups: ['staff'] }, policy)).toBe(true)
  })
})

describe('a name belongs to an issuer and a tenant', () => {
  const tool = compiled.tools.get('drop')!.subject!
  const THEIRS = 'https://idp.example/realms/a'
  const home: Principal = {
    subject: 'ada',
    tenant: 'default',
    clientId: 'machine_backup',
    groups: ['staff'],
    scopes: [],
  }
  const callers: Record<string, Principal> = {
    home,
    acme: { ...home, tenant: 'acme' },
    foreign: {
      ...home,
      subject: 'ada-elsewhere',
      groups: [`${THEIRS}#staff`],
      clientId: `${THEIRS}#machine_backup`,
      issuer: THEIRS,
    },
    foreignAcme: { ...home, tenant: 'acme', groups: [`${THEIRS}#staff`], issuer: THEIRS },
    other: { ...home, subject: 'eve', groups: ['https://other.example#staff'], clientId: 'x' },
  }
  const fitting = (effect: Rule['effect'], who: Who): string[] =>
    Object.keys(callers).filter((name) => {
      const policy = { ...DEFAULT_POLICY, rules: [{ effect, who }] }
      const otherwise = effect === 'allow' ? ('deny' as const) : ('allow' as const)
      return mayUse(callers[name]!, { ...policy, otherwise }, tool) === (effect === 'allow')
    })

  test.each<[Who, string[]]>([
    [{ groups: ['staff'] }, ['home']],
    [{ groups: ['staff'], tenants: ['acme'] }, ['acme']],
    [{ groups: ['staff'], tenants: ['acme', 'default'] }, ['home', 'acme']],
    [{ groups: [`${THEIRS}#staff`] }, ['foreign']],
    [{ groups: [`${THEIRS}#staff`], tenants: ['acme'] }, ['foreignAcme']],
    [{ groups: ['#staff'] }, []],
    [{ groups: ['https://idp.example#staff'] }, []],
    [{ subjects: ['ada'] }, ['home']],
    [{ subjects: ['ada'], tenants: ['acme'] }, ['acme', 'foreignAcme']],
    [{ clients: ['machine_backup'], groups: ['staff'] }, ['home']],
    [{ clients: ['machine_backup'] }, ['home', 'acme', 'foreignAcme']],
    [{ clients: [`${THEIRS}#machine_backup`] }, ['foreign']],
    [{ tenants: ['acme'] }, ['acme', 'foreignAcme']],
  ])('%j allows those it says, and none of the same name elsewhere', (who, names) => {
    expect(fitting('allow', who)).toEqual(names)
  })

  test.each<[Who, string[]]>([
    [{ groups: ['staff'] }, ['home', 'acme', 'foreign', 'foreignAcme', 'other']],
    [{ groups: ['staff'], tenants: ['acme'] }, ['acme', 'foreignAcme']],
    [{ groups: [`${THEIRS}#staff`] }, ['foreign', 'foreignAcme']],
    [{ subjects: ['ada'] }, ['home', 'acme', 'foreignAcme']],
    [{ clients: ['machine_backup'] }, ['home', 'acme', 'foreign', 'foreignAcme']],
  ])('%j denies that name everywhere it may stand: an old rule opens nothing', (who, names) => {
    expect(fitting('deny', who)).toEqual(names)
  })

  test('a rule of namesakes is explained as one', () => {
    const policy: Policy = {
      ...DEFAULT_POLICY,
      tenants: ['default', 'acme'],
      rules: [{ effect: 'allow', who: { groups: ['staff'] } }],
      otherwise: 'deny',
    }
    const because = (name: string): string =>
      explain(callers[name]!, { digest: 'd', policy }, compiled, undefined).because.join('\n')
    expect(because('home')).not.toContain('another tenant or issuer')
    for (const name of ['acme', 'foreign', 'foreignAcme']) {
      expect(because(name)).toContain('another tenant or issuer')
    }
    expect(because('foreign')).toContain('No rule allows this caller anything')
  })
})
