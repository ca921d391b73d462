/**
 * Era and decision confusion: what the headers say against what the body says, in
 * every combination (DESIGN §3.3, §3.6; 2026-07-28 transports, SEP-2243). The
 * caller may not use `write`. A handler runs exactly when headers and body agree
 * on a tool the caller may use; the recording tools prove it.
 */
import { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlatform, type Platform } from './_platform.ts'
import { mintToken } from './_tokens.ts'
import {
  jsonHeaders,
  LEGACY,
  legacy,
  MODERN,
  modern,
  modernMeta,
  send,
  type Got,
  type Sent,
} from './_wire.ts'

const PATH = '/trouble/mcp'
const CONNECTIONS = 16

let platform: Platform
let token: string
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

beforeAll(async () => {
  platform = await startPlatform({ authorServers: ['test/servers/trouble'] })
  token = await mintToken(platform.mcpUrl('trouble'))
})
afterAll(async () => {
  agent.destroy()
  await platform.close()
})

const ask = (sent: Omit<Sent, 'path'>): Promise<Got> =>
  send(platform.origin, { path: PATH, ...sent }, agent)

async function recorded(): Promise<Set<string>> {
  const got = await ask(modern('tools/call', { name: 'recorded' }, { token }))
  return new Set(got.message.result?.structuredContent?.['calls'] as string[])
}

const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`

type HeaderValue = string | string[] | undefined
const VERSIONS: HeaderValue[] = [
  undefined,
  MODERN,
  ` ${MODERN} `,
  LEGACY,
  '2024-11-05',
  '2027-01-01',
  'draft',
  [MODERN, LEGACY],
]
const METHODS: HeaderValue[] = [
  undefined,
  'tools/call',
  'tools/list',
  'Tools/Call',
  ['tools/call', 'tools/list'],
]
const NAMES: HeaderValue[] = [
  undefined,
  'record',
  'write',
  'RECORD',
  base64('record'),
  base64('write'),
  base64('record').replace('?=', '=?='),
  ['record', 'write'],
]
const CLAIMS = [undefined, MODERN, LEGACY, '2027-01-01']
const BODIES: { method: string; name?: string; batch?: boolean }[] = [
  { method: 'tools/call', name: 'record' },
  { method: 'tools/call', name: 'write' },
  { method: 'tools/call', name: 'RECORD' },
  { method: 'tools/call' },
  { method: 'tools/list' },
  { method: 'initialize' },
  { method: 'tools/call', name: 'record', batch: true },
]

interface Case {
  version: HeaderValue
  methodHeader: HeaderValue
  nameHeader: HeaderValue
  claim: string | undefined
  body: (typeof BODIES)[number]
}

/** Every combination where the eras agree on 2026-07-28; else every pair, and enough of the rest. */
function casesOf(version: HeaderValue): Case[] {
  return CLAIMS.flatMap((claim) => {
    const agreed = version === MODERN && claim === MODERN
    const methods = agreed ? METHODS : METHODS.slice(0, 3)
    const names = agreed ? NAMES : ['record', 'write']
    return methods.flatMap((methodHeader) =>
      names.flatMap((nameHeader) =>
        BODIES.map((body) => ({ version, methodHeader, nameHeader, claim, body })),
      ),
    )
  })
}

/** The rules in words of their own, not in those of the code under test. */
type Verdict = { status: number; code?: number; runs?: true }
const MISMATCH: Verdict = { status: 400, code: -32020 }
const FORBIDDEN: Verdict = { status: 403 }
const UNKNOWN: Verdict = { status: 200, code: -32602 }

/** As a server sees a header that was sent so. */
const seen = (value: HeaderValue): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value?.trim()

function verdictOf({ version, methodHeader, nameHeader, claim, body }: Case): Verdict {
  const header = seen(version)
  if (header === MODERN) return modernVerdict(seen(methodHeader), seen(nameHeader), claim, body)
  if (header !== undefined && header !== LEGACY && header !== '2024-11-05') {
    return { status: 400, code: claim === undefined || body.batch ? -32600 : -32022 }
  }
  // Who names no revision speaks 2025-03-26, the one that has batches.
  if (body.batch && header !== undefined) return { status: 400, code: -32600 }
  if (claim !== undefined) return MISMATCH
  return agreed(body, { status: 200 })
}

function modernVerdict(
  method: string | undefined,
  nameHeader: string | undefined,
  claim: string | undefined,
  body: Case['body'],
): Verdict {
  const decoded: Record<string, string> = {
    [base64('record')]: 'record',
    [base64('write')]: 'write',
  }
  const name = nameHeader === undefined ? undefined : (decoded[nameHeader] ?? nameHeader)
  // What the headers ask for is decided before the body is looked at.
  if (method === 'tools/call' && name === 'write') return FORBIDDEN
  if (body.batch) return { status: 400, code: -32600 }
  if (claim === undefined) {
    return body.method === 'initialize' ? MISMATCH : { status: 400, code: -32602 }
  }
  if (claim !== MODERN || method !== body.method) return MISMATCH
  if (body.method !== 'tools/call') return agreed(body, { status: 404, code: -32601 })
  // A server that was decided on gets the call, and finds that the body asks for nothing.
  if (body.name === undefined && name === 'record') return MISMATCH
  const undecodable = name?.startsWith('=?base64?') === true
  if (undecodable || (body.name !== undefined && name !== body.name)) return MISMATCH
  return agreed(body, MISMATCH)
}

function agreed({ method, name }: Case['body'], initialize: Verdict): Verdict {
  if (method === 'initialize') return initialize
  if (method === 'tools/list') return { status: 200 }
  if (name === 'record') return { status: 200, runs: true }
  return name === 'write' ? FORBIDDEN : UNKNOWN
}

function sentOf({ version, methodHeader, nameHeader, claim, body }: Case, mark: string) {
  const params = {
    ...(claim === undefined ? {} : { _meta: modernMeta(claim) }),
    ...(body.method === 'initialize'
      ? { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
      : { name: body.name, arguments: { mark } }),
  }
  const message = { jsonrpc: '2.0', id: mark, method: body.method, params }
  return {
    headers: {
      ...jsonHeaders(token),
      'mcp-protocol-version': version,
      'mcp-method': methodHeader,
      'mcp-name': nameHeader,
    },
    body: JSON.stringify(body.batch ? [message] : message),
  }
}

describe.each(VERSIONS.map((version) => ({ version })))(
  'MCP-Protocol-Version: $version',
  ({ version }) => {
    test('a handler runs when headers and body agree, and only then', async () => {
      const cases = casesOf(version)
      const marked = cases.map((one, index) => ({
        one,
        mark: `${VERSIONS.indexOf(version)}-${index}`,
      }))
      const wrong: unknown[] = []
      const ran: string[] = []
      await Promise.all(
        marked.map(async ({ one, mark }) => {
          const got = await ask(sentOf(one, mark))
          const { error } = got.message
          const { status, code, runs } = verdictOf(one)
          if (
            got.status !== status ||
            (typeof error === 'object' ? error.code : undefined) !== code
          ) {
            wrong.push({ ...one, expected: { status, code }, got: [got.status, got.text] })
          }
          if (runs) ran.push(`record:${mark}`)
        }),
      )
      expect(wrong.slice(0, 5)).toEqual([])
      const mine = [...(await recorded())].filter((call) =>
        call.includes(`:${VERSIONS.indexOf(version)}-`),
      )
      expect(mine.toSorted()).toEqual(ran.toSorted())
    })
  },
)

describe('one body, two readings', () => {
  const raw = async (headers: Record<string, string>, body: string): Promise<Got> =>
    ask({ headers: { ...jsonHeaders(token), ...headers }, body })
  const callHeaders = {
    'mcp-protocol-version': MODERN,
    'mcp-method': 'tools/call',
    'mcp-name': 'record',
  }
  const META = `"_meta":${JSON.stringify(modernMeta())}`
  const code = ({ message }: Got) => message.error?.code

  test('a member twice: the last counts everywhere, so the one decided on does not slip through', async () => {
    const name = await raw(
      callHeaders,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${META},"name":"record","name":"write","arguments":{"mark":"twice"}}}`,
    )
    expect([name.status, code(name)]).toEqual([400, -32020])
    const method = await raw(
      { ...callHeaders, 'mcp-method': 'tools/list' },
      `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{${META},"name":"write","arguments":{"mark":"twice"}}}`,
    )
    expect([method.status, code(method)]).toEqual([400, -32020])
    const meta = await raw(
      callHeaders,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${META},"_meta":{},"name":"record","arguments":{"mark":"twice"}}}`,
    )
    expect([meta.status, code(meta)]).toEqual([400, -32602])
    expect([...(await recorded())].filter((call) => call.endsWith(':twice'))).toEqual([])
  })

  test.each([
    ['a byte order mark', base64('\uFEFFrecord')],
    ['percent-encoding', 'recor%64'],
    ['a trailing NUL', base64('record\0')],
    ['a look-alike', base64('rеcord')],
    ['upper-case sentinel', base64('record').replace('base64', 'BASE64')],
    ['Base64 that is not UTF-8', '=?base64?/w==?='],
  ])('a name with %s is another name', async (_, name) => {
    const { body } = modern('tools/call', { name: 'record', arguments: { mark: 'alike' } })
    const got = await raw({ ...callHeaders, 'mcp-name': name }, body)
    expect([got.status, code(got)]).toEqual([400, -32020])
    expect(await recorded()).not.toContain('record:alike')
  })

  test('escapes in JSON change nothing: the names agree', async () => {
    const { body } = modern('tools/call', { name: 'record', arguments: { mark: 'escaped' } })
    const got = await raw(callHeaders, body.replace('"name":"record"', '"name":"recor\\u0064"'))
    expect(got.status).toBe(200)
    expect(await recorded()).toContain('record:escaped')
  })

  test('a call without an id is a notification: accepted, never run', async () => {
    for (const make of [modern, legacy]) {
      const { headers, body } = make(
        'tools/call',
        { name: 'record', arguments: { mark: 'no-id' } },
        { token },
      )
      const got = await ask({ headers, body: body.replace('"id":1,', '') })
      expect(got.status).toBe(202)
    }
    expect(await recorded()).not.toContain('record:no-id')
  })

  test('a method override header overrides nothing', async () => {
    const got = await ask({
      method: 'GET',
      headers: {
        ...jsonHeaders(token),
        ...callHeaders,
        'x-http-method-override': 'POST',
        'x-original-url': '/conformance/mcp',
      },
    })
    expect(got.status).toBe(405)
  })

  test('a session of 2025 does not make a 2026-07-28 request', async () => {
    const opened = await ask(
      legacy(
        'initialize',
        { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
        { token },
      ),
    )
    const session = String(opened.headers['mcp-session-id'])
    const { body } = legacy('tools/call', { name: 'record', arguments: { mark: 'session' } })
    const got = await raw({ ...callHeaders, 'mcp-session-id': session }, body)
    expect([got.status, code(got)]).toEqual([400, -32602])
    expect(await recorded()).not.toContain('record:session')
  })
})
