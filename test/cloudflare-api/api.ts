/**
 * The part of Cloudflare's API that `wrangler` and the scripts of this repository
 * use, on a loopback port: `CLOUDFLARE_API_BASE_URL` points wrangler at it. Uploads
 * are stored as they came and can be run (run.ts).
 *
 * Does NOT imitate limits, quotas, permissions of tokens, or the time changes take
 * to reach the network.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApiError, createAccount, type Account } from './account.ts'
import { accountRoutes } from './account-routes.ts'
import { dispatchRoutes } from './dispatch.ts'
import { objectRoutes } from './objects.ts'
import { matchRoute, type Answer, type Call, type Route } from './routes.ts'
import { scriptRoutes } from './scripts.ts'
import { storageRoutes } from './storage.ts'

const PREFIX = '/client/v4'
const TOKEN = 'token-of-the-imitation'

export interface CloudflareApi {
  readonly account: Account
  /** Variables with which wrangler, and the scripts, talk to this account only. */
  readonly env: Readonly<Record<string, string>>
  /** Each request, e.g. `PUT /workers/scripts/clock`, in order. */
  readonly requests: string[]
  /** Called before a request is answered; what it throws is the answer. */
  intercept: (request: string) => void | Promise<void>
  close(): Promise<void>
}

const ROUTES: readonly Route[] = [
  ...accountRoutes,
  ...scriptRoutes,
  ...dispatchRoutes,
  ...objectRoutes,
  ...storageRoutes,
]

export async function startCloudflareApi(accountId?: string): Promise<CloudflareApi> {
  const account = createAccount(accountId)
  const requests: string[] = []
  const server = createServer((request, response) => {
    void answer(request).then((got) => send(response, got))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const api: CloudflareApi = {
    account,
    env: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}${PREFIX}`,
      CLOUDFLARE_API_TOKEN: TOKEN,
      CLOUDFLARE_ACCOUNT_ID: account.id,
    },
    requests,
    intercept: () => {},
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://imitation')
    const body = await readBody(request)
    const path = url.pathname.slice(PREFIX.length).replace(`/accounts/${account.id}`, '') || '/'
    const title = `${request.method} ${path}`
    requests.push(title)
    try {
      await api.intercept(title)
      if (request.headers.authorization !== `Bearer ${TOKEN}`) {
        throw new ApiError(403, 10000, 'Authentication error')
      }
      const matched = matchRoute(ROUTES, request.method ?? 'GET', path)
      if (!matched) throw new ApiError(404, 7003, `Could not route to ${title}`)
      const type = request.headers['content-type'] ?? ''
      const call: Call = { account, params: matched.params, query: url.searchParams, body, type }
      const result = await matched.handle(call)
      return isAnswer(result) ? result : success(result)
    } catch (error) {
      return failure(error)
    }
  }

  return api
}

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && 'rawBody' in value

const success = (result: unknown): Answer => {
  const page = Array.isArray(result)
    ? { page: 1, per_page: 100, count: result.length, total_count: result.length, total_pages: 1 }
    : undefined
  return json(200, { success: true, errors: [], messages: [], result, result_info: page })
}

function failure(error: unknown): Answer {
  if (!(error instanceof ApiError)) throw error
  const { status, code, message } = error
  return json(status, { success: false, errors: [{ code, message }], messages: [], result: null })
}

const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json',
  rawBody: Buffer.from(JSON.stringify(value)),
})

function send(response: ServerResponse, { status, type, rawBody }: Answer): void {
  response.writeHead(status, { 'content-type': type }).end(rawBody)
}

async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
