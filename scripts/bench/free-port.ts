/** Loopback ports for the deployments of one run. */
import { createServer, type AddressInfo } from 'node:net'

/** @returns a port nobody listens on; the system does not hand it out again soon */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
