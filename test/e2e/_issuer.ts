/** An issuer of somebody else's, on loopback: discovery, keys, and tokens of every kind. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose'

type Answer = (response: ServerResponse) => void

export interface Issuer {
  readonly issuer: string
  /** Requests for the key set so far. */
  readonly asked: () => number
  /** Answers for the key set in place of its own. */
  answerKeys: Answer | undefined
  /** Signs with a key it did not have before, under a new `kid`. */
  rotate(): Promise<void>
  token(claims: JWTPayload, header?: Record<string, unknown>): Promise<string>
  close(): Promise<void>
}

async function newKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } }
}

export async function startIssuer(): Promise<Issuer> {
  let asked = 0
  const keys = [await newKey('key-1')]
  const json = (response: ServerResponse, body: unknown) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(body))
  }
  const server = createServer((request, response) => {
    if (request.url === '/.well-known/openid-configuration') {
      return json(response, { issuer: self.issuer, jwks_uri: `${self.issuer}/keys` })
    }
    if (request.url !== '/keys') return response.writeHead(404).end()
    asked += 1
    if (self.answerKeys) return self.answerKeys(response)
    return json(response, { keys: keys.map(({ publicJwk }): JWK => publicJwk) })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const self: Issuer = {
    issuer: `http://localhost:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    answerKeys: undefined,
    rotate: async () => void keys.unshift(await newKey(`key-${keys.length + 1}`)),
    async token(claims, header = {}) {
      const [key] = keys
      if (!key) throw new Error('no key')
      const iat = Math.floor(Date.now() / 1000)
      return new SignJWT({ iss: self.issuer, sub: 'ada', iat, exp: iat + 300, ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...header })
        .sign(key.privateKey)
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return self
}
