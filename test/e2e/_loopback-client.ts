/** What a desktop client does: listens on loopback for the answer of the authorization server. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LoopbackClient {
  readonly redirectUri: string
  /** What came so far, oldest first. */
  readonly answers: URL[]
  close(): void
}

export async function listenForAnswers(): Promise<LoopbackClient> {
  const answers: URL[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
    if (url.pathname === '/callback') answers.push(url)
    response.setHeader('content-type', 'text/html')
    response.end('You may close this page.')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const redirectUri = `http://127.0.0.1:${port}/callback`
  return { redirectUri, answers, close: () => server.close() }
}
