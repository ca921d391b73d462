/**
 * A TCP port that is known before the platform starts, joined to the one the
 * harness picks: the Workers must know the URL their clients use. Bytes pass
 * untouched, so a client's disconnect reaches the Workers as its own would.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface FrontDoor {
  readonly port: number
  /** Connections that came before wait here no longer. */
  open(targetPort: number): void
  close(): Promise<void>
}

export async function createFrontDoor(): Promise<FrontDoor> {
  const sockets = new Set<Socket>()
  const target = Promise.withResolvers<number>()
  const server = createServer({ noDelay: true }, (client) => {
    track(client)
    void target.promise.then((port) => join(client, track(connect({ port, noDelay: true }))))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  function track(socket: Socket): Socket {
    sockets.add(socket)
    return socket.once('close', () => sockets.delete(socket))
  }

  return {
    port: (server.address() as AddressInfo).port,
    open: target.resolve,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function join(client: Socket, upstream: Socket): void {
  // An end that breaks off breaks the other: half a connection would hide a disconnect.
  client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
  upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
  client.pipe(upstream).pipe(client)
}
