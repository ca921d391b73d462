/** Clients that refreshed after the backup that was restored: their tokens are newer than the store. */
import { decodeJwt } from 'jose'
import { beforeAll, expect, it, vi } from 'vitest'
import { grantStoreOf } from '#shared/contracts/entrypoints.ts'
import { grantKeyOf } from '../../../workers/oauth/token/grant-record.ts'
import { AuthorizationServer, objects, type Tokens } from './_authorization-server.ts'

let as: AuthorizationServer
let client: string
beforeAll(async () => {
  as = await AuthorizationServer.start()
  await as.publish('clock')
  client = await as.newClient()
})

let users = 0
const newUser = (): string => `restored-${++users}`.padEnd(43, 'u')

/** What the store holds of a grant now. @returns puts it back */
async function backUp({ access_token }: Tokens): Promise<() => Promise<void>> {
  const { sub, gid } = decodeJwt(access_token)
  const store = grantStoreOf(objects.GrantStoreObject, `u:${sub}`)
  const key = grantKeyOf(String(sub), String(gid))
  const row = await store.get(key)
  if (!row) throw new Error('no grant')
  const { metadata, value } = row
  return async () => void (await store.put(key, value, { metadata }))
}

/** @returns tokens handed out one after the other, `from` first */
async function refreshed(from: Tokens, times: number): Promise<Tokens[]> {
  const tokens = [from]
  for (let count = 0; count < times; count += 1) {
    const answer = await as.refresh(client, tokens.at(-1)?.refresh_token)
    expect(answer.status).toBe(200)
    tokens.push(answer as Tokens)
  }
  return tokens
}

it.each([1, 2, 24])('a client that refreshed %i times since goes on', async (times) => {
  const first = await as.signIn(client, 'clock', newUser())
  const restore = await backUp(first)
  const ahead = (await refreshed(first, times)).at(-1)!
  await restore()
  await refreshed(ahead, 3)
})

it('its first answer may be lost: asked again it is answered the same', async () => {
  const first = await as.signIn(client, 'clock', newUser())
  const restore = await backUp(first)
  const ahead = (await refreshed(first, 3)).at(-1)!
  await restore()
  await as.refresh(client, ahead.refresh_token)
  const again = await as.refresh(client, ahead.refresh_token)
  await refreshed(again as Tokens, 2)
})

it('parallel first refreshes all work', async () => {
  const first = await as.signIn(client, 'clock', newUser())
  const restore = await backUp(first)
  const ahead = (await refreshed(first, 3)).at(-1)!
  await restore()
  const answers = await Promise.all([1, 2, 3].map(() => as.refresh(client, ahead.refresh_token)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  await refreshed(answers[0] as Tokens, 2)
})

it('a family that was restored twice goes on', async () => {
  const first = await as.signIn(client, 'clock', newUser())
  const restore = await backUp(first)
  const ahead = (await refreshed(first, 2)).at(-1)!
  await restore()
  const later = (await refreshed(ahead, 3)).at(-1)!
  await restore()
  await refreshed(later, 2)
})

it('a stolen token newer than the store is found out when both are used', async () => {
  const first = await as.signIn(client, 'clock', newUser())
  const restore = await backUp(first)
  const [, stolen, , current] = (await refreshed(first, 3)) as [Tokens, Tokens, Tokens, Tokens]
  await restore()
  const thief = await as.refresh(client, stolen.refresh_token)
  expect(thief.status).toBe(200)
  const [, owner] = (await refreshed(current, 1)) as [Tokens, Tokens]
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 65_000 })
  try {
    const refused = await as.refresh(client, thief.refresh_token)
    expect(refused).toMatchObject({ error: 'invalid_grant' })
    expect(await as.refresh(client, owner.refresh_token)).toMatchObject({ error: 'invalid_grant' })
  } finally {
    vi.useRealTimers()
  }
})

it('a token of another grant of the same client stands for nothing', async () => {
  const mine = await as.signIn(client, 'clock', newUser())
  const restore = await backUp(mine)
  await refreshed(mine, 2)
  const foreign = (await refreshed(await as.signIn(client, 'clock', newUser()), 4)).at(-1)!
  await restore()
  expect((await as.refresh(client, foreign.refresh_token)).status).toBe(200)
  await refreshed(mine, 1)
})
