/** Consent pages, codes and refresh tokens under races, on the real objects with delays between every two steps. */
import { decodeJwt } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { AuthorizationServer, type TokenAnswer } from './_authorization-server.ts'

const ROUNDS = Array.from({ length: 20 }, (_, round) => round)

let as: AuthorizationServer
let client: string
beforeAll(async () => {
  as = await AuthorizationServer.start()
  await as.publish('clock')
  client = await as.newClient()
})

let users = 0
const newUser = (): string => `user-${++users}`.padEnd(43, 'u')
const statuses = (answers: TokenAnswer[]): number[] =>
  answers.map(({ status }) => status).sort((a, b) => a - b)
const times = <Value>(count: number, make: () => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, make))

/** Every refresh token of `answers` is good, and each only says what the others say. */
async function expectAllUsable(answers: TokenAnswer[]): Promise<void> {
  expect(statuses(answers)).toEqual(answers.map(() => 200))
  const renewed = await Promise.all(
    answers.map(({ refresh_token }) => as.refresh(client, refresh_token)),
  )
  expect(statuses(renewed)).toEqual(answers.map(() => 200))
}

it.each(ROUNDS)('8 redemptions of one code: one token, round %i (OAuth 2.1 §4.1.3)', async () => {
  const code = await as.newCode(client, 'clock', newUser())
  const answers = await times(8, () => as.redeem(client, code))
  expect(statuses(answers)).toEqual([200, 400, 400, 400, 400, 400, 400, 400])
  const errors = answers.filter(({ status }) => status === 400).map(({ error }) => error)
  expect(new Set(errors)).toEqual(new Set(['invalid_grant']))
})

it.each(ROUNDS)('4 refreshes at once: all usable, round %i', async () => {
  const { refresh_token } = await as.signIn(client, 'clock', newUser())
  await expectAllUsable(await times(4, () => as.refresh(client, refresh_token)))
})

it.each(ROUNDS)('a refresh whose answer was lost, asked again: usable, round %i', async () => {
  const first = await as.signIn(client, 'clock', newUser())
  const lost = await as.refresh(client, first.refresh_token)
  const again = await as.refresh(client, first.refresh_token)
  await expectAllUsable([lost, again])
})

it.each(ROUNDS)('an old token beside the first use of its successor, round %i', async () => {
  const first = await as.signIn(client, 'clock', newUser())
  const second = await as.refresh(client, first.refresh_token)
  const [old, next] = await Promise.all([
    as.refresh(client, first.refresh_token),
    as.refresh(client, second.refresh_token),
  ])
  expect(next.status).toBe(200)
  // Whichever came first: the family lives on, and whoever was refused holds nothing.
  expect([200, 400]).toContain(old.status)
  expect((await as.refresh(client, next.refresh_token)).status).toBe(200)
})

describe('one after the other', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
  afterEach(() => vi.useRealTimers())
  const pass = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000)

  it('an old token works until its successor is first used, however long that takes', async () => {
    const { refresh_token } = await as.signIn(client, 'clock', newUser())
    await as.refresh(client, refresh_token)
    pass(20 * 86_400)
    await expectAllUsable([await as.refresh(client, refresh_token)])
  })

  it('a client that always keeps its first token stays signed in past the idle time', async () => {
    const { refresh_token } = await as.signIn(client, 'clock', newUser())
    for (const days of [0, 20, 20, 20]) {
      pass(days * 86_400)
      expect((await as.refresh(client, refresh_token)).status).toBe(200)
    }
  })

  it('a client that does not come for 30 days signs in again', async () => {
    const { refresh_token } = await as.signIn(client, 'clock', newUser())
    pass(31 * 86_400)
    expect(await as.refresh(client, refresh_token)).toMatchObject({ error: 'invalid_grant' })
  })

  /** Three tokens of one family; the first is superseded, and so is its use. */
  async function threeGenerations() {
    const user = newUser()
    const first = await as.signIn(client, 'clock', user)
    const second = await as.refresh(client, first.refresh_token)
    const third = await as.refresh(client, second.refresh_token)
    return { user, first, second, third }
  }

  it('for 60 s after that it is refused, and nobody is signed out', async () => {
    const { first, third } = await threeGenerations()
    pass(55)
    const refused = await as.refresh(client, first.refresh_token)
    expect(refused).toMatchObject({ status: 400, error: 'invalid_grant' })
    expect((await as.refresh(client, third.refresh_token)).status).toBe(200)
  })

  it('later it ends its family, and no other family of the client (OAuth 2.1 §4.3.1)', async () => {
    const { user, first, third } = await threeGenerations()
    const otherDevice = await as.signIn(client, 'clock', user)
    pass(65)
    const refused = await as.refresh(client, first.refresh_token)
    expect(refused).toMatchObject({ status: 400, error: 'invalid_grant' })
    expect(await as.refresh(client, third.refresh_token)).toMatchObject({ error: 'invalid_grant' })
    expect((await as.refresh(client, otherDevice.refresh_token)).status).toBe(200)
  })

  it('a token of many rotations ago is known for what it is', async () => {
    const { first, third } = await threeGenerations()
    let current = third
    for (let count = 0; count < 40; count += 1) {
      pass(30)
      current = await as.refresh(client, current.refresh_token)
    }
    await as.refresh(client, first.refresh_token)
    expect(await as.refresh(client, current.refresh_token)).toMatchObject({
      error: 'invalid_grant',
    })
  })

  it('presented by another client it ends nothing', async () => {
    const { first, third } = await threeGenerations()
    pass(65)
    const stranger = await as.newClient()
    expect((await as.refresh(stranger, first.refresh_token)).status).toBe(400)
    expect((await as.refresh(client, third.refresh_token)).status).toBe(200)
  })

  it('a client that registers anew each time begins a new family, and the old ones live on', async () => {
    const user = newUser()
    const clients = await times(5, () => as.newClient())
    const families = await Promise.all(clients.map((one) => as.signIn(one, 'clock', user)))
    for (const [index, family] of families.entries()) {
      expect((await as.refresh(String(clients[index]), family.refresh_token)).status).toBe(200)
    }
  })

  it('revoking with a token that was used up ends the family, too (RFC 7009 §2.1)', async () => {
    const { first, third } = await threeGenerations()
    expect(await as.revoke(client, first.refresh_token)).toBe(200)
    expect(await as.refresh(client, third.refresh_token)).toMatchObject({ error: 'invalid_grant' })
  })

  /** Release 0.1.0 handed tokens out unsealed; anybody who has seen an access token can write one. */
  it('an unsealed token that is invented ends nothing, neither by refresh nor by revocation', async () => {
    const { first, third } = await threeGenerations()
    const { sub, gid } = decodeJwt(first.access_token)
    const invented = `${sub}:${String(gid)}:${'x'.repeat(32)}`
    pass(65)
    expect(await as.refresh(client, invented)).toMatchObject({ error: 'invalid_grant' })
    expect(await as.revoke(client, invented)).toBe(200)
    expect((await as.refresh(client, third.refresh_token)).status).toBe(200)
  })
})

it.each(['rt_k1.AAAA', 'none', 'u:g:s', ''])('no refresh token: %j', async (text) => {
  expect((await as.refresh(client, text)).error).toMatch(/^invalid_/)
})
