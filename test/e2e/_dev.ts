/** `npm run dev` as a child process, in this repository or another checkout of it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { ROOT } from '../../scripts/root.ts'

export interface DevRun {
  readonly child: ChildProcess
  /** Everything it printed, in order. */
  output(): string
  readonly exitCode: Promise<number | null>
}

export function runDev(args: readonly string[], folder = ROOT): DevRun {
  const child = spawn(process.execPath, [join(folder, 'scripts', 'dev.ts'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exitCode = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return { child, output: () => output, exitCode }
}

export async function listen(port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

export const closed = (server: Server): Promise<unknown> =>
  new Promise((resolve) => server.close(resolve))

export async function freePort(): Promise<number> {
  const { server, port } = await listen()
  await closed(server)
  return port
}
