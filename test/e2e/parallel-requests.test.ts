/**
 * Requests at the router that share what counts once or changes one thing (a proof, answers, a
 * handle, a session, a task, a key, an entry of the catalog), sent at the same moment beside busy
 * cores: each is answered, none with a 5xx or an internal error. Those of the authorization server
 * with delays between every two steps: test/workers/oauth/parallel-pairs.test.ts.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { API_KEYS_AUDIENCE_PATH, API_KEYS_SCOPE } from '#shared/identity/operator.ts'
import { newProofKey } from '../_proofs.ts'
import { keepBusy } from './_busy.ts'
import { operatorOf } from './_catalog.ts'
import { boundToken, callProof, callTool, fetchNonce } from './_dpop.ts'
import { LegacyClient } from './_legacy-client.ts'
import { startPlatform, type Platform } from './_platform.ts'
import { answersTo, connectTasks, isAsking, isOver } from './_tasks.ts'
import { mintToken } from './_tokens.ts'
import { modern, modernMeta, send, type Got, type Message } from './_wire.ts'

const ROUNDS = [1, 2, 3]
const BUSY_THREADS = 4

let platform: Platform
let busy: Disposable
beforeAll(async () => {
  platform = await startPlatform({
    authorServers: ['test/servers/trouble', 'test/servers/keeper', 'test/servers/jobs'],
  })
  for (const server of ['trouble', 'keeper', 'jobs', 'clock']) {
    await fetch(platform.mcpUrl(server), { method: 'POST' })
  }
  busy = keepBusy(BUSY_THREADS)
})
afterAll(() => {
  busy[Symbol.dispose]()
  return platform.close()
})

const INTERNAL_ERROR = -32603

/** All at once; the answers in the order of the requests. */
async function atOnce(requests: readonly (() => Promise<Got | Response>)[]): Promise<Seen[]> {
  const answers = await Promise.all(requests.map(async (request) => seen(await request())))
  const broken = answers.filter(({ status, text }) => status >= 500 || isInternal(text))
  expect(broken).toEqual([])
  return answers
}

interface Seen {
  readonly status: number
  readonly text: string
}

/** A stream that stays open is not read: that it was opened is its answer. */
async function seen(answer: Got | Response): Promise<Seen> {
  if (!(answer instanceof Response)) return { status: answer.status, text: answer.text }
  const isStream = answer.headers.get('content-type') === 'text/event-stream'
  if (!isStream) return { status: answer.status, text: await answer.text() }
  await answer.body?.cancel()
  return { status: answer.status, text: '' }
}

const isInternal = (text: string): boolean => text.includes(`"code":${INTERNAL_ERROR}`)
const times = (count: number, request: () => Promise<Got | Response>) =>
  atOnce(Array.from({ length: count }, () => request))
const statuses = (answers: readonly Seen[]): number[] =>
  answers.map(({ status }) => status).sort((a, b) => a - b)

test.each(ROUNDS)('one proof, 6 calls that change something: one runs, round %i', async () => {
  const key = newProofKey()
  await fetchNonce(platform)
  const token = await boundToken(platform, 'trouble', key)
  const proof = callProof(platform, 'trouble', key, token)
  const call = () =>
    callTool(platform, {
      server: 'trouble',
      tool: 'record',
      args: { mark: 'proof' },
      authorization: `DPoP ${token}`,
      proof,
    })
  expect(statuses(await times(6, call))).toEqual([200, 401, 401, 401, 401, 401])
})

const keeper = async (token: string, name: string, params: object): Promise<Got> => {
  const _meta = modernMeta(undefined, { elicitation: { form: {} } })
  const { headers, body } = modern('tools/call', { name, _meta, ...params }, { token })
  return send(platform.origin, { path: '/keeper/mcp', headers, body })
}
const json = (text: string): Message => JSON.parse(text) as Message
const add = async (token: string, args: object): Promise<{ handle: string; items: string[] }> => {
  const { message } = await keeper(token, 'add', { arguments: args })
  return JSON.parse(message.result?.content?.[0]?.text ?? '') as never
}

test.each(ROUNDS)('one requestState, 6 times answered: one goes on, round %i', async () => {
  const token = await mintToken(platform.mcpUrl('keeper'))
  const { handle: log } = await add(token, { item: 'begun' })
  const call = { arguments: { log } }
  const accept = { action: 'accept', content: { ok: true } }
  const { requestState: first } = (await keeper(token, 'buy', call)).message.result ?? {}
  const answer = (requestState: unknown, key: string) => () =>
    keeper(token, 'buy', { ...call, requestState, inputResponses: { [key]: accept } })
  // This round ends in another question, and whoever lost that may ask again: all may be answered.
  const asked = await times(6, answer(first, 'charge'))
  const [second] = asked.flatMap(({ text }) => json(text).result?.['requestState'] ?? [])
  const answers = await times(6, answer(second, 'mail'))
  expect(answers.filter(({ text }) => json(text).result)).toHaveLength(1)
  const reasons = answers.flatMap(({ text }) => json(text).error?.data ?? [])
  expect(reasons).toEqual(Array.from({ length: 5 }, () => ({ reason: 'request_state_used' })))
  const { items } = await add(token, { handle: log, item: 'read' })
  expect(items).toEqual(['begun', 'charged', 'mailed', 'read'])
})

test.each(ROUNDS)('one handle, 6 changes: what was answered is there, round %i', async () => {
  const token = await mintToken(platform.mcpUrl('keeper'))
  const { handle } = await add(token, { item: 'first' })
  const answers = await times(6, () => keeper(token, 'add', { arguments: { handle, item: 'one' } }))
  const added = answers.filter(({ text }) => !json(text).result?.isError)
  const { items } = await add(token, { handle, item: 'last' })
  expect(items).toHaveLength(added.length + 2)
})

test.each(ROUNDS)('one session: ended, called and listened to at once, round %i', async () => {
  const token = await mintToken(platform.mcpUrl('trouble'))
  const client = await LegacyClient.open(platform.mcpUrl('trouble'), { token })
  const list = () => client.post({ id: 1, method: 'tools/list' })
  const listen = () => client.get('')
  const answers = await atOnce([
    list,
    listen,
    () => client.delete(),
    list,
    listen,
    () => client.delete(),
  ])
  expect(new Set(statuses(answers))).not.toContain(401)
  expect((await client.delete()).status).toBe(404)
})

test.each(ROUNDS)('one question of a 2025 session, 6 answers: one counts, round %i', async () => {
  const token = await mintToken(platform.mcpUrl('keeper'))
  const { handle: log } = await add(token, { item: 'begun' })
  const client = await LegacyClient.open(platform.mcpUrl('keeper'), {
    token,
    capabilities: { elicitation: {} },
  })
  const stream = await client.callTool('buy', { log })
  const question = async () => {
    for (let event = await stream.next(); event; event = await stream.next()) {
      if (event.message?.method === 'elicitation/create') return event.message.id
    }
    throw new Error('the stream ended without a question')
  }
  const charge = await question()
  const result = { action: 'accept', content: { ok: true } }
  await times(6, () => client.post({ id: charge, result }))
  await question()
  stream.leave()
  const { items } = await add(token, { handle: log, item: 'read' })
  expect(items).toEqual(['begun', 'charged', 'read'])
})

test.each(ROUNDS)('one task: answered, cancelled and asked for at once, round %i', async () => {
  const alice = await connectTasks(platform.mcpUrl('jobs'), { scope: 'jobs:run' })
  const { taskId } = await alice.start('order', { item: 'tea' })
  const asking = await alice.until(taskId, isAsking)
  const inputResponses = answersTo(asking, { confirm: true, ok: true })
  const update = () => alice.request('tasks/update', { taskId, inputResponses })
  const cancel = () => alice.request('tasks/cancel', { taskId })
  const get = () => alice.request('tasks/get', { taskId })
  await atOnce([update, cancel, get, update, cancel, get])
  await alice.until(taskId, isOver)
})

test.each(ROUNDS)('one entry of the catalog, 6 edits: the last one shows, round %i', async () => {
  const operator = await operatorOf(platform)
  const server = '/servers/trouble'
  const before = await operator.do('GET', server)
  const ask = (method: string, path: string, body?: object) => async () => {
    const { status, body: answer } = await operator.ask(method, path, body)
    return { status, text: JSON.stringify(answer), headers: {}, message: {} } as Got
  }
  const seconds = [600, 700, 800]
  const edits = seconds.map((accessTokenSeconds) =>
    ask('PATCH', `${server}/policy`, { accessTokenSeconds }),
  )
  const answers = await atOnce([
    ...edits,
    ask('POST', `${server}/refresh`),
    ask('GET', server),
    ask('POST', `${server}/refresh`),
  ])
  expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 200])
  const after = await operator.do('GET', server)
  expect(seconds).toContain(after.policy.accessTokenSeconds)
  expect(after.name).toBe(before.name)
})

test.each(ROUNDS)(
  'one API key: rotated to one successor 4 times, ended twice, round %i',
  async (round) => {
    const resource = new URL(API_KEYS_AUDIENCE_PATH, platform.origin)
    const token = await mintToken(resource, { scope: API_KEYS_SCOPE })
    const ask = (method: string, path: string, body?: object) => () =>
      fetch(resource.href + path, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    const named = (letter: string) => ({
      id: letter.repeat(15) + String(round),
      hash: letter.repeat(42) + String(round),
    })
    const rights = { name: 'k', tenant: 'default', subject: 'svc', scopes: [], servers: [] }
    const made = named('a')
    const created = await times(4, ask('POST', '', { ...made, ...rights, lifetimeSeconds: 7200 }))
    expect(statuses(created)).toEqual([200, 409, 409, 409])
    const rotate = ask('POST', `/${made.id}/rotate`, { ...named('b'), overlapSeconds: 600 })
    expect(statuses(await times(4, rotate))).toEqual([200, 409, 409, 409])
    const end = ask('DELETE', `/${made.id}`)
    expect(statuses(await atOnce([end, rotate, end]))).toEqual([200, 200, 409])
  },
)
