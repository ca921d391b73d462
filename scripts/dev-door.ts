/**
 * The front door of `npm run dev`: the only listener on the port that clients and tunnels reach.
 * Wrangler listens behind it, on a loopback port of its own.
 *
 * Wrangler serves more than the Workers on its port: under `/cdn-cgi/` a browser of KV and object
 * storage, triggers of scheduled and email handlers; and request headers `MF-*` choose which URL or
 * which Worker is meant, its debugger among them. None of that passes this door
 * (dev-door-request.ts says what does). The door reads no body and changes no answer.
 */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { asAsked, judgeRequest, passedHeaders, type Refusal } from './dev-door-request.ts'
import { Stop } from './stop.ts'

/** `localhost` is either of them, as the client's resolver likes. */
const ADDRESSES = ['127.0.0.1', '::1'] as const
/** While wrangler starts again; it takes seconds. */
const RETRY_AFTER_SECONDS = '1'

export interface Door {
  readonly port: number
  /** @param port of wrangler on 127.0.0.1; `undefined` while it does not run: requests get a 503 */
  leadTo(port: number | undefined): void
  /** Ends every connection and stops listening. */
  close(): Promise<void>
}

/**
 * Clients remember the URL, so a busy port is an error and not a reason to take another one.
 *
 * @param publicOrigin the https origin of a tunnel to `port`
 * @throws Stop when the port is taken, or this user may not listen there
 */
export async function openDoor(port: number, publicOrigin: string | undefined): Promise<Door> {
  const publicUrl = publicOrigin === undefined ? undefined : new URL(publicOrigin)
  let inner: number | undefined
  const servers: Server[] = []
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closed))
  }
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    // Of two Host headers, a server behind may believe the other one.
    const [host, ...others] = request.headersDistinct['host'] ?? []
    const only = others.length === 0 ? host : undefined
    const verdict = judgeRequest(request.url ?? '', only, publicUrl?.hostname)
    if ('status' in verdict) return refuse(response, verdict)
    if (inner === undefined) return refuse(response, NOT_STARTED)
    const own = passedHeaders(request.rawHeaders)
    const headers = publicUrl ? asAsked(own, publicUrl) : own
    pass(request, response, { port: inner, path: verdict.path, headers })
  }
  try {
    for (const address of ADDRESSES) {
      const server = createServer(answer)
      if (await listens(server, port, address)) servers.push(server)
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    port,
    leadTo(next) {
      inner = next
    },
    close,
  }
}

const NOT_STARTED: Refusal = {
  status: 503,
  error: 'temporarily_unavailable',
  sentence: 'The Workers are starting. Ask again in some seconds.',
}

/** @returns `false` where the machine lacks that address (no IPv6) */
function listens(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'EADDRINUSE') reject(inUse(port))
      else if (code === 'EACCES') reject(forbidden(port))
      else resolve(false)
    })
    server.listen({ port, host, exclusive: true }, () => resolve(true))
  })
}

const inUse = (port: number): Stop =>
  new Stop(
    `Port ${port}`,
    'Another program listens there (perhaps an earlier `npm run dev`).',
    `End it, or take another port: npm run dev -- --port ${port + 1}`,
  )

const forbidden = (port: number): Stop =>
  new Stop(`Port ${port}`, 'This user may not listen there.', 'Take one above 1023.')

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Streams both ways; either side's end ends the other, so a client that leaves is noticed. */
function pass(
  request: IncomingMessage,
  response: ServerResponse,
  { port, path, headers }: { port: number; path: string; headers: string[] },
): void {
  const upstream = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method: request.method ?? 'GET',
    headers,
    setHost: false,
    // A connection each: none is left over from a wrangler that was stopped.
    agent: false,
  })
  upstream.once('response', (answer) => {
    response.sendDate = false
    const { statusCode = 502, statusMessage = '', rawHeaders } = answer
    response.writeHead(statusCode, statusMessage, passedHeaders(rawHeaders))
    // A stream's first event may be long in coming.
    response.flushHeaders()
    answer.once('error', () => response.destroy())
    answer.pipe(response)
  })
  upstream.once('error', () => {
    if (response.headersSent) response.destroy()
    else refuse(response, NOT_STARTED)
  })
  response.once('close', () => upstream.destroy())
  request.pipe(upstream)
}

function refuse(response: ServerResponse, { status, error, sentence }: Refusal): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    // What is left of the body is not read.
    connection: 'close',
    ...(status === 503 ? { 'retry-after': RETRY_AFTER_SECONDS } : {}),
  })
  response.end(`${JSON.stringify({ error, error_description: sentence })}\n`)
}
